"""Proofs of inclusion and of consistency: those of the RFC, and every kind of wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import LARGEST_NUMBER
from record.formats.tree import EMPTY_ROOT, leaf_hash, root_hash
from record.formats.tree_proofs import (
    InvalidProof,
    Leaves,
    consistency_ranges,
    hashes_over,
    inclusion_ranges,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)

from .logs import leaves
from .test_tree import RFC_LEAVES, RFC_ROOTS

RFC_HASHES = [leaf_hash(entry) for entry in RFC_LEAVES]
# The proofs of the test suites of Certificate Transparency: index (or older size), size, and the hashes.
RFC_INCLUSIONS = [
    (0, 1, []),
    (0, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (5, 8, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
RFC_CONSISTENCIES = [
    (1, 1, []),
    (1, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (6, 8, [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 5, [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip

sizes = st.integers(1, 70)


def broken(proof):
    """Yield what else a proof could be: each hash flipped, dropped, doubled, cut; two swapped; one too many."""
    for place, one in enumerate(proof):
        yield [*proof[:place], bytes([one[0] ^ 1]) + one[1:], *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], one, *proof[place:]]
        yield [*proof[:place], one[:31], *proof[place + 1 :]]
        if place and one != proof[place - 1]:
            yield [*proof[: place - 1], one, proof[place - 1], *proof[place + 1 :]]
    yield [*proof, bytes(32)]


class TestInclusion:
    @pytest.mark.parametrize(("index", "size", "hashes"), RFC_INCLUSIONS)
    def test_is_proved_as_in_certificate_transparency(self, index, size, hashes):
        proof = prove_inclusion(index, size, hashes_over(RFC_HASHES))
        assert [one.hex() for one in proof] == hashes
        verify_inclusion(proof, index, size, bytes.fromhex(RFC_ROOTS[size]), RFC_HASHES[index])

    @pytest.mark.parametrize(
        ("index", "size", "ranges"),
        [
            # The examples of RFC 6962, section 2.1.3: the audit paths of d0, d3, d4 and d6 in a tree of seven leaves.
            (0, 7, [(1, 2), (2, 4), (4, 7)]),
            (3, 7, [(2, 3), (0, 2), (4, 7)]),
            (4, 7, [(5, 6), (6, 7), (0, 4)]),
            (6, 7, [(4, 6), (0, 4)]),
        ],
    )
    def test_goes_by_the_paths_of_the_rfc(self, index, size, ranges):
        assert inclusion_ranges(index, size) == [Leaves(*one) for one in ranges]

    @pytest.mark.parametrize("size", [*range(1, 20), 64, 65, 100])
    def test_is_proved_for_each_leaf(self, size):
        hashes = leaves(size)
        read = hashes_over(hashes)
        for index in range(size):
            verify_inclusion(prove_inclusion(index, size, read), index, size, root_hash(hashes), hashes[index])

    @given(sizes, st.data())
    def test_is_not_shown_by_a_broken_proof(self, size, data):
        index = data.draw(st.integers(0, size - 1))
        hashes = leaves(size)
        for proof in broken(prove_inclusion(index, size, hashes_over(hashes))):
            with pytest.raises(InvalidProof):
                verify_inclusion(proof, index, size, root_hash(hashes), hashes[index])

    @given(sizes, st.data())
    def test_is_not_shown_of_another_leaf_place_size_or_root(self, size, data):
        index, other = data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True))
        hashes = leaves(size + 1)
        root = root_hash(hashes)
        proof = prove_inclusion(index, size + 1, hashes_over(hashes))
        for wrong in (
            (proof, other, size + 1, root, hashes[index]),
            (proof, index, size + 1, root, hashes[other]),
            (proof, index, size + 1, root_hash(hashes[:-1]), hashes[index]),
        ):
            with pytest.raises(InvalidProof):
                verify_inclusion(*wrong)

    def test_says_how_long_a_proof_has_to_be(self):
        hashes = leaves(8)
        proof = prove_inclusion(5, 8, hashes_over(hashes))
        with pytest.raises(InvalidProof, match="has 2 hashes, and has to have 3"):
            verify_inclusion(proof[:2], 5, 8, root_hash(hashes), hashes[5])

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (4, 3), (0, 2**63)])
    def test_is_not_there_outside_of_the_tree(self, index, size):
        with pytest.raises(ValueError, match=f"has no leaf {index}"):
            prove_inclusion(index, size, hashes_over(leaves(3)))
        with pytest.raises(InvalidProof, match=f"has no leaf {index}"):
            verify_inclusion([], index, size, EMPTY_ROOT, leaves(1)[0])

    def test_in_the_largest_tree_takes_63_hashes(self):
        assert len(inclusion_ranges(0, LARGEST_NUMBER)) == 63


class TestConsistency:
    @pytest.mark.parametrize(("old_size", "size", "hashes"), RFC_CONSISTENCIES)
    def test_is_proved_as_in_certificate_transparency(self, old_size, size, hashes):
        proof = prove_consistency(old_size, size, hashes_over(RFC_HASHES))
        assert [one.hex() for one in proof] == hashes
        old_root, root = bytes.fromhex(RFC_ROOTS[old_size]), bytes.fromhex(RFC_ROOTS[size])
        verify_consistency(proof, old_size, old_root, size, root)

    @pytest.mark.parametrize(
        ("old_size", "size", "ranges"),
        [
            # The examples of RFC 6962, section 2.1.3: from three, four and six leaves to seven.
            (3, 7, [(2, 3), (3, 4), (0, 2), (4, 7)]),
            (4, 7, [(4, 7)]),
            (6, 7, [(4, 6), (6, 7), (0, 4)]),
        ],
    )
    def test_goes_by_the_paths_of_the_rfc(self, old_size, size, ranges):
        assert consistency_ranges(old_size, size) == [Leaves(*one) for one in ranges]

    @pytest.mark.parametrize("size", [*range(20), 64, 65])
    def test_is_proved_from_each_older_tree(self, size):
        hashes = leaves(size)
        read = hashes_over(hashes)
        for old in range(size + 1):
            proof = prove_consistency(old, size, read)
            verify_consistency(proof, old, root_hash(hashes[:old]), size, root_hash(hashes))

    @given(st.integers(1, 69), st.data())
    def test_is_not_shown_by_a_broken_proof(self, old, data):
        size = data.draw(st.integers(old, 70))
        hashes = leaves(size)
        for proof in broken(prove_consistency(old, size, hashes_over(hashes))):
            with pytest.raises(InvalidProof):
                verify_consistency(proof, old, root_hash(hashes[:old]), size, root_hash(hashes))

    @given(st.integers(1, 69), st.data())
    def test_is_not_shown_of_a_tree_that_forked(self, old, data):
        size = data.draw(st.integers(old + 1, 70))
        place = data.draw(st.integers(0, old - 1))
        before, after = leaves(size), leaves(size)
        after[place] = leaf_hash(b"another")
        proof = prove_consistency(old, size, hashes_over(after))
        with pytest.raises(InvalidProof, match="does not lead to the root of the"):
            verify_consistency(proof, old, root_hash(before[:old]), size, root_hash(after))
        with pytest.raises(InvalidProof):
            verify_consistency(proof, old, root_hash(after[:old]), size, root_hash(before))

    def test_names_which_root_does_not_fit(self):
        hashes = leaves(7)
        proof = prove_consistency(4, 7, hashes_over(hashes))
        with pytest.raises(InvalidProof, match="the root of the tree of 7 leaves"):
            verify_consistency(proof, 4, root_hash(leaves(4, 50)), 7, root_hash(hashes))
        proof = prove_consistency(3, 7, hashes_over(hashes))
        with pytest.raises(InvalidProof, match="the older tree of 3 leaves"):
            verify_consistency(proof, 3, root_hash(leaves(3, 50)), 7, root_hash(hashes))

    def test_of_a_tree_with_itself_needs_the_same_root(self):
        verify_consistency([], 3, root_hash(leaves(3)), 3, root_hash(leaves(3)))
        with pytest.raises(InvalidProof):
            verify_consistency([], 3, root_hash(leaves(3)), 3, root_hash(leaves(3, 1)))

    def test_with_the_empty_tree_needs_its_root_and_no_proof(self):
        root = root_hash(leaves(3))
        verify_consistency([], 0, EMPTY_ROOT, 3, root)
        verify_consistency([], 0, EMPTY_ROOT, 0, EMPTY_ROOT)
        for wrong in (
            ([bytes(32)], 0, EMPTY_ROOT, 3, root),
            ([], 0, root, 3, root),
            ([], 0, EMPTY_ROOT, 0, root),
        ):
            with pytest.raises(InvalidProof):
                verify_consistency(*wrong)

    @pytest.mark.parametrize(("old_size", "size"), [(4, 3), (-1, 3), (1, 2**63)])
    def test_is_not_there_where_the_tree_shrank(self, old_size, size):
        with pytest.raises(ValueError, match="does not begin with one of"):
            prove_consistency(old_size, size, hashes_over(leaves(3)))
        with pytest.raises(InvalidProof, match="does not begin with one of"):
            verify_consistency([], old_size, EMPTY_ROOT, size, EMPTY_ROOT)
