"""The Merkle tree of RFC 6962, section 2.1, over SHA-256: its hashes, and its right edge, which is all that grows.

Hashes are 32 bytes. A leaf hash is the hash of an entry; a tree of n leaves has the indexes 0 to n - 1.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from .encodings import HASH_BYTES, LARGEST_NUMBER, Malformed

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the root above hashes of one level, as of all leaves of a tree; that of the empty tree if there are none.

    It takes as much memory as the hashes. A large tree is appended to by `append` instead.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        # The last one of an odd number goes up alone.
        above = [node_hash(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]
        row = above + row[len(row) - len(row) % 2 :]
    return row[0]


class Frontier(NamedTuple):
    """The right edge of a tree: the roots of the complete subtrees that it consists of, the largest first.

    There are as many as the size has ones in binary, 63 at most. Nothing else is needed to append, or for the root.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """Return the root hash of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, root = self.hashes
        for left in reversed(larger):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the size in 8 bytes, most significant first, and the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what `to_bytes` has written; raises Malformed if its length does not fit its size."""
        size = int.from_bytes(data[:8], "big")
        if size > LARGEST_NUMBER or len(data) != 8 + HASH_BYTES * size.bit_count():
            raise Malformed(f"{len(data)} bytes are no frontier of a tree of {size} leaves")
        return cls(size, split_hashes(data[8:]))


class Appended(NamedTuple):
    """What an append gives: the new frontier, and the subtrees that it completed.

    `rows` has for each height that is a multiple of the tile height, from 0 on, the roots of the complete subtrees of
    that height, in order. The first row are the new leaves themselves.
    """

    frontier: Frontier
    rows: tuple[tuple[bytes, ...], ...]


def append(frontier: Frontier, leaf_hashes: Iterable[bytes], *, tile_height: int = 8) -> Appended:
    """Append leaves to a tree of any size; raises ValueError for a leaf hash of a wrong length, or a tree too large.

    Each leaf costs two hashes at most on average, and no more memory than its place in `rows`. All leaves go up one
    level together, which takes half as long as each by itself.
    """
    nodes = list(leaf_hashes)
    for place, leaf in enumerate(nodes):
        if len(leaf) != HASH_BYTES:
            raise ValueError(
                f"the hash of leaf {frontier.size + place} has {len(leaf)} bytes, and has to have {HASH_BYTES}"
            )
    size = frontier.size + len(nodes)
    if size > LARGEST_NUMBER:
        raise ValueError("a tree has 2**63 - 1 leaves at most")
    rows = [tuple(nodes)]
    waiting = list(frontier.hashes)
    edge: list[bytes] = []
    level = 0
    while nodes:
        # A one in the size is a subtree of this height that has been waiting for its right half.
        if frontier.size >> level & 1:
            nodes.insert(0, waiting.pop())
        if len(nodes) % 2:
            edge.append(nodes.pop())
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
        level += 1
        if nodes and level % tile_height == 0:
            rows.append(tuple(nodes))
    return Appended(Frontier(size, (*waiting, *reversed(edge))), tuple(rows))


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Return the hashes of which bytes consist; raises Malformed if the last one is cut."""
    if len(data) % HASH_BYTES:
        raise Malformed(f"{len(data)} bytes are no hashes of {HASH_BYTES} bytes each")
    return tuple(data[place : place + HASH_BYTES] for place in range(0, len(data), HASH_BYTES))
