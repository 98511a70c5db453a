"""Tiles and bundles: their paths, what an append changes in them, and what is read out of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import Malformed
from record.formats.tiles import (
    Bundle,
    HashesInTiles,
    Tile,
    grow,
    parse_path,
    read_bundle,
    read_tile,
    tile_width,
    tiles_between,
    write_bundle,
)
from record.formats.tree import Frontier, leaf_hash, root_hash
from record.formats.tree_proofs import (
    hashes_over,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)

from .logs import leaves

PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/001.p/5": Tile(0, 1, 5),
    "tile/0/x001/x234/067": Tile(0, 1_234_067),
    "tile/0/x001/234.p/5": Tile(0, 1_234, 5),
    "tile/3/x123/x456/078.p/2": Tile(3, 123_456_078, 2),
    "tile/2/000.p/255": Tile(2, 0, 255),
    "tile/entries/000.p/1": Bundle(0, 1),
    "tile/entries/x003/x057/500": Bundle(3_057_500),
}
sizes = st.integers(0, 70_000)


class Store:
    """The tiles of a log, as a server would keep them."""

    def __init__(self):
        self.tiles = {}
        self.read = []

    def add(self, growths):
        for growth in growths:
            old = self.tiles[replace(growth.tile, width=growth.old_width)] if growth.old_width else b""
            assert len(old) == 32 * growth.old_width
            self.tiles[growth.tile] = old + b"".join(growth.hashes)
            assert len(self.tiles[growth.tile]) == 32 * growth.tile.width

    def __call__(self, tile):
        self.read.append(tile)
        return self.tiles[tile]


def filled(*batches):
    """Return the frontier and the tiles of a log that was appended to in batches."""
    frontier, store = Frontier(), Store()
    for number in batches:
        frontier, growths = grow(frontier, leaves(number, frontier.size))
        store.add(growths)
    return frontier, store


class TestPaths:
    @pytest.mark.parametrize(("path", "tile"), PATHS.items())
    def test_are_read_as_they_are_written(self, path, tile):
        assert tile.path == path
        assert parse_path(path) == tile

    @given(st.integers(0, 7), st.integers(0, 2**40), st.integers(1, 256))
    def test_name_each_tile_once(self, level, index, width):
        if (index * 256 + width) << 8 * level < 2**63:
            assert parse_path(Tile(level, index, width).path) == Tile(level, index, width)
        assert parse_path(Bundle(index, width).path) == Bundle(index, width)

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/000\n",
            "tile/00/000",
            "tile/-1/000",
            "tile/64/000",
            "tile/99/000",
            "tile/data/000",
            "tile/8/0/001",
            "tile/5/123/456/078",
            "tile/5/x123/x456/x078",
            "tile/0/x000/001",
            "tile/0/000.p/0",
            "tile/0/000.p/05",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/999",
            "tile/0/000.p/",
            "tile/0/000.p/-1",
            "tile/0/٠٠٠",
            "tile/entries/x000/000",
            "tile/entries/000.p/256",
            # Of a tree of more than 2**63 - 1 leaves.
            "tile/7/000.p/128",
            "tile/7/000",
            "tile/8/000.p/1",
            "tile/0/x036/x028/x797/x018/x963/968",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/" + "x001/" * 5000 + "001",
            "tile/0/../0/000",
        ],
    )
    def test_of_any_other_form_are_refused(self, path):
        with pytest.raises(Malformed):
            parse_path(path)

    def test_of_the_largest_tree_are_taken(self):
        assert parse_path("tile/7/000.p/127") == Tile(7, 0, 127)


class TestTilesBetween:
    def test_have_the_example_of_the_specification(self):
        tiles = list(tiles_between(0, 70_000))
        assert [tile for tile in tiles if tile.level == 0] == [*(Tile(0, n) for n in range(273)), Tile(0, 273, 112)]
        assert [tile for tile in tiles if tile.level] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
        assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]

    @pytest.mark.parametrize(
        ("old_size", "size", "tiles"),
        [
            (0, 0, []),
            (1, 1, []),
            (256, 256, []),
            (0, 1, [Tile(0, 0, 1)]),
            (100, 101, [Tile(0, 0, 101)]),
            (255, 257, [Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1)]),
            (256, 257, [Tile(0, 1, 1)]),
            (65_535, 65_536, [Tile(0, 255), Tile(1, 0), Tile(2, 0, 1)]),
        ],
    )
    def test_are_those_that_changed(self, old_size, size, tiles):
        assert list(tiles_between(old_size, size)) == tiles

    @given(sizes)
    def test_have_the_widths_of_the_specification(self, size):
        for level in range(3):
            partial = size // 256**level % 256
            widths = [tile.width for tile in tiles_between(0, size) if tile.level == level]
            assert widths == [256] * (size // 256 ** (level + 1)) + [partial] * (partial > 0)
            assert [tile_width(level, index, size) for index in range(len(widths) + 1)] == [*widths, 0]


class TestGrow:
    @given(st.integers(0, 70_000), st.integers(0, 600))
    def test_changes_the_tiles_that_differ(self, old_size, number):
        # Of the hashes only the number matters here.
        frontier = Frontier(old_size, (bytes(32),) * old_size.bit_count())
        grown, growths = grow(frontier, leaves(number))
        assert [growth.tile for growth in growths] == list(tiles_between(old_size, old_size + number))
        for growth in growths:
            assert growth.old_width == tile_width(growth.tile.level, growth.tile.index, old_size)
            assert len(growth.hashes) == growth.tile.width - growth.old_width
        assert grown.size == old_size + number

    def test_fills_tiles_with_the_hashes_of_the_specification(self):
        _, store = filled(100, 200, 0, 1, 211, 256)
        hashes = leaves(768)
        for index in range(3):
            assert read_tile(store.tiles[Tile(0, index)], 256) == tuple(hashes[index * 256 : index * 256 + 256])
        roots = tuple(root_hash(hashes[index * 256 : index * 256 + 256]) for index in range(3))
        assert read_tile(store.tiles[Tile(1, 0, 3)], 3) == roots

    def test_gives_the_same_tiles_however_many_come_at_once(self):
        _, one_by_one = filled(*[1] * 600)
        frontier, at_once = filled(600)
        assert frontier.root == root_hash(leaves(600))
        assert at_once.tiles.items() <= one_by_one.tiles.items()


class TestHashesInTiles:
    @pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700, 66_000])
    def test_are_those_of_the_tree(self, size):
        frontier, store = filled(size)
        hashes = leaves(size)
        for index in {0, size // 2, size - 1}:
            read = HashesInTiles(size, store)
            verify_inclusion(prove_inclusion(index, size, read), index, size, frontier.root, hashes[index])
        for old in {1, size // 3 or 1, size}:
            proof = prove_consistency(old, size, HashesInTiles(size, store))
            verify_consistency(proof, old, root_hash(hashes[:old]), size, frontier.root)

    def test_are_read_from_few_tiles_each_of_them_once(self):
        _, store = filled(66_000)
        prove_inclusion(300, 66_000, HashesInTiles(66_000, store))
        assert len(store.read) == len(set(store.read)) <= 5

    def test_agree_with_those_in_memory(self):
        _, store = filled(1000)
        read, expected = HashesInTiles(1000, store), hashes_over(leaves(1000))
        for level in range(10):
            for index in range(1000 >> level):
                assert read(level, index) == expected(level, index)

    @pytest.mark.parametrize(("level", "index"), [(0, 1000), (3, 125), (8, 3), (9, 1), (16, 0)])
    def test_are_not_there_beyond_the_tree(self, level, index):
        _, store = filled(1000)
        with pytest.raises(ValueError, match="has no complete subtree"):
            HashesInTiles(1000, store)(level, index)

    def test_are_not_read_from_a_tile_that_was_cut(self):
        _, store = filled(300)
        store.tiles[Tile(0, 1, 44)] = store.tiles[Tile(0, 1, 44)][:-32]
        with pytest.raises(Malformed, match="a tile of 44 hashes has 1408 bytes, and this has 1376"):
            HashesInTiles(300, store)(0, 256)

    def test_that_were_changed_prove_nothing(self):
        frontier, store = filled(300)
        tile = bytearray(store.tiles[Tile(0, 0)])
        tile[40] ^= 1
        store.tiles[Tile(0, 0)] = bytes(tile)
        proof = prove_inclusion(0, 300, HashesInTiles(300, store))
        with pytest.raises(ValueError, match="does not lead to the root"):
            verify_inclusion(proof, 0, 300, frontier.root, leaf_hash(b"entry 0"))


class TestBundles:
    @given(st.lists(st.binary(max_size=300), max_size=20))
    def test_are_read_as_they_are_written(self, entries):
        assert read_bundle(write_bundle(entries), len(entries)) == entries

    def test_have_lengths_of_two_bytes_most_significant_first(self):
        assert write_bundle([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258

    def test_hold_the_longest_entry_and_no_longer_one(self):
        assert read_bundle(write_bundle([bytes(65_535)]), 1) == [bytes(65_535)]
        with pytest.raises(ValueError, match="entry 1 has 65536 bytes"):
            write_bundle([b"", bytes(65_536)])

    @pytest.mark.parametrize("cut", [1, 2, 3])
    def test_that_were_cut_name_the_entry(self, cut):
        with pytest.raises(Malformed, match="entry 2 of the bundle is cut"):
            read_bundle(write_bundle([b"ab", b"cd", b"ef"])[:-cut], 3)

    @pytest.mark.parametrize("width", [0, 1, 3, 256])
    def test_of_another_width_are_refused(self, width):
        with pytest.raises(Malformed, match=f"has 2 entries, and has to have {width}"):
            read_bundle(write_bundle([b"ab", b"cd"]), width)
