"""The tree of RFC 6962: its hashes, and appending to it."""

import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import Malformed
from record.formats.tree import EMPTY_ROOT, Frontier, append, leaf_hash, node_hash, root_hash, split_hashes

from .logs import leaves

# The leaves and roots that the test suites of Certificate Transparency use for RFC 6962.
RFC_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
)]  # fmt: skip
RFC_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def merkle_tree_hash(entries):
    """Return the root by the words of RFC 6962, section 2.1."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    half = 1
    while half * 2 < len(entries):
        half *= 2
    left, right = merkle_tree_hash(entries[:half]), merkle_tree_hash(entries[half:])
    return hashlib.sha256(b"\x01" + left + right).digest()


class TestHashes:
    @pytest.mark.parametrize("size", range(9))
    def test_are_those_of_certificate_transparency(self, size):
        assert root_hash([leaf_hash(entry) for entry in RFC_LEAVES[:size]]).hex() == RFC_ROOTS[size]

    def test_tell_a_leaf_from_a_node(self):
        left, right = leaves(2)
        assert node_hash(left, right) != leaf_hash(left + right)
        assert node_hash(left, right) != node_hash(right, left)

    @given(st.lists(st.binary(max_size=3), max_size=70))
    def test_are_those_of_the_rfc(self, entries):
        assert root_hash([leaf_hash(entry) for entry in entries]) == merkle_tree_hash(entries)

    @pytest.mark.parametrize("size", [2, 3, 5, 8, 100])
    def test_notice_each_entry_that_is_flipped_dropped_inserted_or_swapped(self, size):
        whole = leaves(size)
        changed = [root_hash(whole[:place] + leaves(1, 900) + whole[place + 1 :]) for place in range(size)]
        changed += [root_hash(whole[:place] + whole[place + 1 :]) for place in range(size)]
        changed += [root_hash(whole[:place] + leaves(1, 901) + whole[place:]) for place in range(size + 1)]
        for place in range(size - 1):
            swapped = list(whole)
            swapped[place : place + 2] = swapped[place + 1], swapped[place]
            changed.append(root_hash(swapped))
        assert len({*changed, root_hash(whole)}) == len(changed) + 1

    def test_know_a_last_leaf_that_is_there_twice(self):
        # Trees that fill an odd row by repeating its last hash do not.
        three = leaves(3)
        assert root_hash(three) != root_hash([*three, three[2]])


class TestFrontier:
    @given(st.lists(st.integers(0, 40), max_size=8))
    def test_has_the_root_of_all_leaves_however_they_were_appended(self, batches):
        frontier, so_far = Frontier(), []
        for number in batches:
            new = leaves(number, len(so_far))
            so_far += new
            frontier = append(frontier, new).frontier
            assert frontier.size == len(so_far)
            assert frontier.root == root_hash(so_far)
            assert len(frontier.hashes) == len(so_far).bit_count()

    def test_of_nothing_has_the_root_of_the_empty_tree(self):
        assert Frontier().root == EMPTY_ROOT == hashlib.sha256().digest()

    @given(st.integers(0, 100))
    def test_goes_on_from_bytes(self, size):
        frontier = append(Frontier(), leaves(size)).frontier
        data = frontier.to_bytes()
        assert len(data) == 8 + 32 * size.bit_count()
        assert Frontier.from_bytes(data) == frontier
        more = append(Frontier.from_bytes(data), leaves(9, size)).frontier
        assert more.root == root_hash(leaves(size + 9))

    @pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:40]])
    def test_of_a_wrong_length_is_refused(self, change):
        with pytest.raises(Malformed, match="no frontier of a tree of 7 leaves"):
            Frontier.from_bytes(change(append(Frontier(), leaves(7)).frontier.to_bytes()))

    @pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\xff" * 8 + bytes(64 * 32)])
    def test_of_an_impossible_size_is_refused(self, data):
        with pytest.raises(Malformed):
            Frontier.from_bytes(data)


class TestAppend:
    def test_returns_the_subtrees_that_it_completes(self):
        appended = append(Frontier(), leaves(11), tile_height=2)
        assert appended.rows[0] == tuple(leaves(11))
        assert appended.rows[1] == (root_hash(leaves(4)), root_hash(leaves(4, 4)))
        assert len(appended.rows) == 2
        [*_, sixteen] = append(appended.frontier, leaves(5, 11), tile_height=2).rows
        assert sixteen == (root_hash(leaves(16)),)

    def test_changes_nothing_without_leaves(self):
        frontier = append(Frontier(), leaves(5)).frontier
        assert append(frontier, []) == (frontier, ((),))

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_refuses_what_is_no_hash(self, length):
        with pytest.raises(ValueError, match="the hash of leaf 2 has"):
            append(Frontier(), [*leaves(2), bytes(length)])

    def test_refuses_a_tree_that_is_too_large(self):
        full = Frontier(2**63 - 1, tuple(leaves(63)))
        with pytest.raises(ValueError, match="2\\*\\*63 - 1"):
            append(full, leaves(1))

    def test_to_ten_million_leaves_takes_no_more_memory_than_to_none(self):
        size = 10_000_000
        large = Frontier(size, tuple(leaves(size.bit_count())))

        def peak(frontier):
            tracemalloc.start()
            for place in range(2000):
                frontier = append(frontier, leaves(1, place)).frontier
            [_, most] = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most

        peak(Frontier())
        assert peak(large) < 2 * peak(Frontier()) < 100_000


class TestSplitHashes:
    def test_refuses_a_hash_that_is_cut(self):
        assert split_hashes(b"".join(leaves(3))) == tuple(leaves(3))
        with pytest.raises(Malformed, match="95 bytes are no hashes"):
            split_hashes(b"".join(leaves(3))[:-1])
