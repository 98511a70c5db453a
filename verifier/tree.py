"""The tree of a record, from its entries alone (RFC 6962, section 2.1), and the hash tiles that have to agree with it.

All hashes of a level that tiles hold are one string of bytes: a million entries need 32 MB.
"""

from hashlib import sha256
from typing import NamedTuple

from .folder import Folder
from .report import Report, Wrong
from .values import HASH_BYTES

WIDTH = 256
_TILE_BYTES = WIDTH * HASH_BYTES


class Tree:
    """The tree over leaf hashes; level n of `rows` has the roots of all complete subtrees of 256**n leaves."""

    def __init__(self, leaves: bytes | bytearray) -> None:
        self.size = len(leaves) // HASH_BYTES
        self.rows: list[bytes | bytearray] = [leaves]
        while len(row := self.rows[-1]) >= _TILE_BYTES:
            whole = range(0, len(row) - _TILE_BYTES + 1, _TILE_BYTES)
            self.rows.append(b"".join([_root(split(row[start : start + _TILE_BYTES])) for start in whole]))

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the tree, or of the one that it was when it had fewer leaves."""
        left = self.size if size is None else size
        edge: list[bytes] = []
        for row in self.rows:
            # What no complete tile of the next level holds, and above it the edge of the level below.
            begin = left // WIDTH * WIDTH
            hashes = split(row[begin * HASH_BYTES : left * HASH_BYTES]) + edge
            edge = [_root(hashes)] if hashes else []
            left //= WIDTH
        return edge[0] if edge else sha256(b"").digest()


def tile_paths(tree: Tree) -> set[str]:
    """Return the paths of all tiles and bundles of a tree."""
    widths = [("entries", tree.size), *((str(level), len(row) // HASH_BYTES) for level, row in enumerate(tree.rows))]
    return {
        tile_path(level, place // WIDTH, min(number - place, WIDTH))
        for level, number in widths
        for place in range(0, number, WIDTH)
    }


class Difference(NamedTuple):
    """The first hash of a tile that is not what the entries give: the tile, its level, and the place in the level."""

    path: str
    level: int
    place: int


def compare_tiles(folder: Folder, tree: Tree, report: Report) -> Difference | None:
    """Return the first difference between tiles and tree; raises Wrong if a tile is missing or has a wrong size."""
    for level, row in enumerate(tree.rows):
        number = len(row) // HASH_BYTES
        for index in range(-(-number // WIDTH)):
            report.progress("hash tiles", index * WIDTH, number)
            width = min(number - index * WIDTH, WIDTH)
            path = tile_path(str(level), index, width)
            data = folder.read(path)
            if len(data) != width * HASH_BYTES:
                raise Wrong(path, f"{width} hashes have {width * HASH_BYTES:,} bytes, and this has {len(data):,}")
            expected = row[index * _TILE_BYTES : index * _TILE_BYTES + len(data)]
            if data != expected:
                return Difference(path, level, index * WIDTH + _first_difference(data, expected))
    return None


def read_leaves(folder: Folder, size: int) -> bytearray:
    """Return the leaf hashes that the tiles of level 0 hold; they end where a tile is missing or has a wrong size."""
    leaves = bytearray()
    for index in range(-(-size // WIDTH)):
        width = min(size - index * WIDTH, WIDTH)
        data = folder.find(tile_path("0", index, width))
        if data is None or len(data) != width * HASH_BYTES:
            break
        leaves += data
    return leaves


def find_other_leaf(folder: Folder, leaves: bytes | bytearray, size: int) -> int | None:
    """Return the first of some leaves that the tiles of level 0 have with another hash, None if there is none."""
    hashes = read_leaves(folder, size)
    shorter = min(len(hashes), len(leaves))
    if hashes[:shorter] == leaves[:shorter]:
        return None
    return _first_difference(hashes[:shorter], leaves[:shorter])


def tile_path(level: str, index: int, width: int) -> str:
    """Return the path of a tile or a bundle: C2SP tlog-tiles."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *first, last = (digits[place : place + 3] for place in range(0, len(digits), 3))
    path = "".join(f"x{group}/" for group in first) + last
    return f"tile/{level}/{path}" + ("" if width == WIDTH else f".p/{width}")


def split(hashes: bytes | bytearray) -> list[bytes]:
    """Return hashes that stand one after the other."""
    return [bytes(hashes[place : place + HASH_BYTES]) for place in range(0, len(hashes), HASH_BYTES)]


def _root(hashes: list[bytes]) -> bytes:
    """Return the root above hashes of one level, of which there is one at least."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        # The last one of an odd number goes up alone.
        hashes = above + hashes[len(hashes) & ~1 :]
    return hashes[0]


def _first_difference(hashes: bytes | bytearray, others: bytes | bytearray) -> int:
    pairs = enumerate(zip(split(hashes), split(others), strict=False))
    return next(place for place, (one, other) in pairs if one != other)
