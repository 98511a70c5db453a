"""Paths that lead from a leaf to the root of a tree: RFC 6962, section 2.1.1."""

from hashlib import sha256

from .report import Malformed


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def require_in_tree(path: list[bytes], leaf: bytes, place: int, size: int, root: bytes) -> None:
    """Raise Malformed unless a path leads from a leaf at its place to the root of a tree of some size."""
    if not 0 <= place < size:
        raise Malformed(f"there is no leaf {place:,} in a tree of {size:,}")
    sides = []
    first, last = place, size - 1
    while last:
        # The last one of a row goes up alone where it has nobody at its side.
        if first % 2 or first < last:
            sides.append(first % 2)
        first, last = first // 2, last // 2
    if len(path) != len(sides):
        raise Malformed(f"its path has {len(path)} hashes, and has to have {len(sides)}")
    node = leaf
    for is_right, other in zip(sides, path, strict=True):
        node = sha256(b"\x01" + (other + node if is_right else node + other)).digest()
    if node != root:
        raise Malformed("its path does not lead to the root that is in the manifest")
