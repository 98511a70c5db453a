"""Tiles and entry bundles of a log: C2SP tlog-tiles, https://c2sp.org/tlog-tiles.

A tile of level L holds up to 256 hashes of complete subtrees of 256**L leaves. A bundle holds the entries below a tile
of level 0. Both are immutable files; the last one of a level may be partial, and its path says how wide it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .encodings import HASH_BYTES, LARGEST_NUMBER, Malformed
from .tree import Frontier, append, root_hash, split_hashes

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LONGEST_ENTRY = 2**16 - 1

# Seven groups of digits hold any index below 2**63.
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


@dataclass(frozen=True)
class Tile:
    """Which tile: its level, its index in the level, and how many hashes it has, 256 if it is full."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Return the path below the prefix of the log."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"


@dataclass(frozen=True)
class Bundle:
    """Which bundle of entries: its index, and how many entries it has, 256 if it is full."""

    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Return the path below the prefix of the log."""
        return f"tile/entries/{_place(self.index, self.width)}"


class Growth(NamedTuple):
    """A tile that an append has begun, widened or filled.

    `tile` is as it is afterwards. It had `old_width` hashes before, and `hashes` follow them.
    """

    tile: Tile
    old_width: int
    hashes: tuple[bytes, ...]


def parse_path(path: str) -> Tile | Bundle:
    """Return what a path below the prefix of a log names; raises Malformed unless it is the one way to write it."""
    match = _PATH.fullmatch(path)
    if not match:
        raise Malformed(f"{path[:80]!r} is no path of a tile")
    index = int(re.sub("[x/]", "", match["index"]))
    width = int(match["width"] or TILE_WIDTH)
    tile = Bundle(index, width) if match["level"] == "entries" else Tile(int(match["level"]), index, width)
    level = tile.level if isinstance(tile, Tile) else 0
    # One path for each tile: neither leading zeros nor a full tile that is written as a partial one.
    if tile.path != path:
        raise Malformed(f"{path[:80]!r} is no canonical path of a tile")
    if not 1 <= width <= TILE_WIDTH:
        raise Malformed(f"{path[:80]!r} is no path of a tile: the width of a partial one is 1 to 255")
    # The specification has levels up to 63; those above 7 are of trees that are too large here.
    if (index * TILE_WIDTH + width) << TILE_HEIGHT * level > LARGEST_NUMBER:
        raise Malformed(f"{path[:80]!r} is a tile of a tree of more than 2**63 - 1 leaves")
    return tile


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes a tile has in the tree of a size; 0 if it is not there."""
    return min(max((size >> TILE_HEIGHT * level) - index * TILE_WIDTH, 0), TILE_WIDTH)


def tiles_between(old_size: int, size: int) -> Iterator[Tile]:
    """Yield the tiles that a tree has, and that it did not have at an older size: from 0 on all its tiles."""
    level = 0
    while size >> TILE_HEIGHT * level:
        old, new = old_size >> TILE_HEIGHT * level, size >> TILE_HEIGHT * level
        # The tile at the old end is the first that can have changed.
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            width = min(new - index * TILE_WIDTH, TILE_WIDTH)
            if width > old - index * TILE_WIDTH:
                yield Tile(level, index, width)
        level += 1


def grow(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[Growth]]:
    """Append leaves; return the new frontier, and the tiles that changed. Raises ValueError as `tree.append` does.

    It reads no tile: the frontier is enough, whatever the size of the tree.
    """
    appended = append(frontier, leaf_hashes, tile_height=TILE_HEIGHT)
    growths = []
    for level, row in enumerate(appended.rows):
        place, taken = frontier.size >> TILE_HEIGHT * level, 0
        while taken < len(row):
            index, old_width = divmod(place + taken, TILE_WIDTH)
            hashes = row[taken : taken + TILE_WIDTH - old_width]
            growths.append(Growth(Tile(level, index, old_width + len(hashes)), old_width, hashes))
            taken += len(hashes)
    return appended.frontier, growths


class HashesInTiles:
    """Reads hashes of complete subtrees out of tiles: what proofs are made of, see `tree_proofs.ReadHash`.

    `read_tile` returns the bytes of a tile, and is called once for each. Tiles are not checked against a root here: a
    proof that is made of them has to be verified.
    """

    def __init__(self, size: int, read_tile: Callable[[Tile], bytes]) -> None:
        self._size = size
        self._read_tile = read_tile
        self._kept: dict[Tile, tuple[bytes, ...]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of a complete subtree of 2**level leaves; raises ValueError if the tree has none there.

        Raises Malformed for a tile of a wrong length.
        """
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, first = divmod(index << height, TILE_WIDTH)
        tile = Tile(tile_level, tile_index, tile_width(tile_level, tile_index, self._size))
        if first + (1 << height) > tile.width:
            raise ValueError(f"a tree of {self._size} leaves has no complete subtree {index} of 2**{level} leaves")
        return root_hash(self._hashes(tile)[first : first + (1 << height)])

    def _hashes(self, tile: Tile) -> tuple[bytes, ...]:
        if tile not in self._kept:
            self._kept[tile] = read_tile(self._read_tile(tile), tile.width)
        return self._kept[tile]


def read_tile(data: bytes, width: int) -> tuple[bytes, ...]:
    """Return the hashes of a tile; raises Malformed if it has another width."""
    if len(data) != width * HASH_BYTES:
        raise Malformed(f"a tile of {width} hashes has {width * HASH_BYTES} bytes, and this has {len(data)}")
    return split_hashes(data)


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle or a part of one; raises ValueError for an entry of more than 65,535 bytes."""
    for place, entry in enumerate(entries):
        if len(entry) > LONGEST_ENTRY:
            raise ValueError(f"entry {place} has {len(entry)} bytes, and an entry has {LONGEST_ENTRY} at most")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle; raises Malformed if one is cut, or if there are not `width` of them."""
    entries: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or place > len(data):
            raise Malformed(f"entry {len(entries)} of the bundle is cut")
        entries.append(data[start:place])
    if len(entries) != width:
        raise Malformed(f"the bundle has {len(entries)} entries, and has to have {width}")
    return entries


def _place(index: int, width: int) -> str:
    """Return an index in groups of three digits, all but the last with an x, and the width if it is partial."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *first, last = (digits[place : place + 3] for place in range(0, len(digits), 3))
    path = "".join(f"x{group}/" for group in first) + last
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
