"""Proofs about the Merkle tree of RFC 6962: that a leaf is in it (2.1.1), and that it only grew (2.1.2).

A proof is a list of hashes in the order of the RFC, from the leaves up. Each of them covers a range of leaves, and the
ranges follow from the numbers alone. So whoever makes a proof and whoever checks one go by the same list of ranges, and
a proof of a wrong length is known before anything is hashed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from .encodings import HASH_BYTES, LARGEST_NUMBER
from .tree import EMPTY_ROOT, node_hash

# Returns the root of the complete subtree of 2**level leaves that begins with leaf index * 2**level.
ReadHash: TypeAlias = Callable[[int, int], bytes]


class InvalidProof(ValueError):
    """A proof that does not show what it should; the message says where it fails."""


class Leaves(NamedTuple):
    """A range of leaves under one node of a tree; `end` is not in it."""

    start: int
    end: int


def hashes_over(leaf_hashes: Sequence[bytes]) -> ReadHash:
    """Return a reader of all complete subtrees above some leaves, which it keeps in memory."""
    rows = [list(leaf_hashes)]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)])
    return lambda level, index: rows[level][index]


def hash_leaves(leaves: Leaves, read: ReadHash) -> bytes:
    """Return the hash of the node above a range of leaves, from those of complete subtrees."""
    *larger, node = (read(level, index) for level, index in complete_subtrees(leaves))
    for left in reversed(larger):
        node = node_hash(left, node)
    return node


def complete_subtrees(leaves: Leaves) -> Iterator[tuple[int, int]]:
    """Yield level and index of the complete subtrees that a range consists of, the largest first."""
    start, end = leaves
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def prove_inclusion(index: int, size: int, read: ReadHash) -> list[bytes]:
    """Return the proof that a leaf is in the tree of a size; raises ValueError if that tree has no such leaf."""
    return [hash_leaves(leaves, read) for leaves in inclusion_ranges(index, size)]


def verify_inclusion(proof: Sequence[bytes], index: int, size: int, root: bytes, leaf: bytes) -> None:
    """Raise InvalidProof unless the proof shows that `leaf`, a leaf hash, is at `index` in the tree of that root."""
    ranges = _ranges_of_proof(inclusion_ranges, index, size)
    _require_hashes(proof, len(ranges))
    node = leaf
    for leaves, other in zip(ranges, proof, strict=True):
        node = node_hash(node, other) if leaves.start > index else node_hash(other, node)
    if node != root:
        raise InvalidProof(f"the proof of leaf {index} does not lead to the root of the tree of {size} leaves")


def prove_consistency(old_size: int, size: int, read: ReadHash) -> list[bytes]:
    """Return the proof that a tree begins with an older one; raises ValueError if it is smaller than the older one."""
    return [hash_leaves(leaves, read) for leaves in consistency_ranges(old_size, size)]


def verify_consistency(proof: Sequence[bytes], old_size: int, old_root: bytes, size: int, root: bytes) -> None:
    """Raise InvalidProof unless the proof shows that the tree of `size` and `root` begins with the older one.

    Every tree begins with the empty one, and each with itself: then the proof is empty.
    """
    ranges = _ranges_of_proof(consistency_ranges, old_size, size)
    _require_hashes(proof, len(ranges))
    if old_size == 0:
        if old_root != EMPTY_ROOT:
            raise InvalidProof("the older tree is empty, and its root is not that of the empty tree")
        if size == 0 and root != EMPTY_ROOT:
            raise InvalidProof("the tree is empty, and its root is not that of the empty tree")
        return
    rest = list(zip(ranges, proof, strict=True))
    old_node = node = old_root
    # Where the older tree is no complete subtree, the proof begins with the last one that it has.
    if ranges and ranges[0].start < old_size:
        old_node = node = rest.pop(0)[1]
    for leaves, other in rest:
        if leaves.start >= old_size:
            node = node_hash(node, other)
        else:
            old_node, node = node_hash(other, old_node), node_hash(other, node)
    if old_node != old_root:
        raise InvalidProof(f"the proof does not lead to the root of the older tree of {old_size} leaves")
    if node != root:
        raise InvalidProof(f"the proof does not lead to the root of the tree of {size} leaves")


def inclusion_ranges(index: int, size: int) -> list[Leaves]:
    """Return which leaves each hash of an inclusion proof covers; raises ValueError if there is no such leaf."""
    if not 0 <= index < size <= LARGEST_NUMBER:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end = 0, size
    ranges = []
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            ranges.append(Leaves(middle, end))
            end = middle
        else:
            ranges.append(Leaves(start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, size: int) -> list[Leaves]:
    """Return which leaves each hash of a consistency proof covers; raises ValueError if the tree shrank."""
    if not 0 <= old_size <= size <= LARGEST_NUMBER:
        raise ValueError(f"a tree of {size} leaves does not begin with one of {old_size}")
    if old_size == 0:
        return []
    start, end = 0, size
    ranges = []
    while old_size != end:
        middle = _middle(start, end)
        if old_size <= middle:
            ranges.append(Leaves(middle, end))
            end = middle
        else:
            ranges.append(Leaves(start, middle))
            start = middle
    # If nothing is left of it, this is the older tree itself, whose root the reader has.
    if start:
        ranges.append(Leaves(start, end))
    return ranges[::-1]


def _middle(start: int, end: int) -> int:
    """Return where a node parts its leaves: after the largest power of two that leaves something over."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _ranges_of_proof(ranges: Callable[[int, int], list[Leaves]], first: int, size: int) -> list[Leaves]:
    try:
        return ranges(first, size)
    except ValueError as error:
        raise InvalidProof(str(error)) from error


def _require_hashes(proof: Sequence[bytes], number: int) -> None:
    if len(proof) != number:
        raise InvalidProof(f"the proof has {len(proof)} hashes, and has to have {number}")
    for place, one in enumerate(proof):
        if len(one) != HASH_BYTES:
            raise InvalidProof(f"hash {place} of the proof has {len(one)} bytes, and has to have {HASH_BYTES}")
