"""Proofs that stand alone: their text, and what they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import Malformed
from record.formats.note import InvalidSignature, NotSigned
from record.formats.policy import NoQuorum, Policy
from record.formats.proof import Proof
from record.formats.tree_proofs import InvalidProof, hashes_over, prove_inclusion

from .logs import cosigned, leaves, log_key, signed, witness_key

POLICY = Policy.parse(
    f"log {log_key().verifier_key}\nwitness w {witness_key().verifier_key}\nquorum w\n".encode()
)  # fmt: skip
HASHES = leaves(11)
HASH_LINE = b"gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"


def proof_of(index, hashes=HASHES, **others):
    checkpoint = cosigned(signed(hashes, **others), witness_key())
    return Proof(index, tuple(prove_inclusion(index, len(hashes), hashes_over(hashes))), checkpoint)


class TestText:
    def test_is_that_of_the_specification(self):
        proof = proof_of(10)
        head, _, checkpoint = proof.to_bytes().partition(b"\n\n")
        assert head.split(b"\n")[:2] == [b"c2sp.org/tlog-proof@v1", b"index 10"]
        assert len(head.split(b"\n")) == 2 + len(proof.hashes)
        assert checkpoint == proof.checkpoint

    @given(st.integers(0, 10), st.none() | st.binary(max_size=40))
    def test_is_read_as_it_is_written(self, index, extra):
        made = proof_of(index)
        proof = Proof(made.index, made.hashes, made.checkpoint, extra)
        assert Proof.parse(proof.to_bytes()) == proof

    def test_has_what_an_application_adds_on_its_second_line(self):
        proof = Proof.parse(Proof(0, (), signed(leaves(1)), b"abc").to_bytes())
        assert proof.to_bytes().startswith(b"c2sp.org/tlog-proof@v1\nextra YWJj\nindex 0\n\n")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"tlog-proof@v1", b"tlog-proof@v2"),
            (b"c2sp", b"\nc2sp"),
            (b"c2sp", b" c2sp"),
            (b"index 10", b"index 010"),
            (b"index 10", b"index -1"),
            (b"index 10", b"index"),
            (b"index 10", b"index  10"),
            (b"index 10", b"Index 10"),
            (b"index 10", b"index 9223372036854775808"),
            (b"index 10\n", b""),
            (b"index 10\n", b"index 10\nindex 10\n"),
            (b"index 10\n", b"index 10\nextra AAAA\n"),
            (b"index 10\n", b"extra AAA\nindex 10\n"),
            (b"index 10\n", b"extra\nindex 10\n"),
            (b"index 10\n", b"extra AAAA\nextra AAAA\nindex 10\n"),
            (b"index 10\n", b"index 10\r\n"),
            (b"index 10\n", b"index 10\n\n"),
            (b"index 10\n", b"index 10\nAAAA\n"),
            (b"index 10\n", b"index 10\n" + HASH_LINE.replace(b"=", b"")),
            (b"index 10\n", b"index 10\n" + HASH_LINE.replace(b"Q=", b"R=")),
            (b"index 10\n", b"index 10\n" + HASH_LINE * 62),
            (b"index 10\n", b"index 10\n\xc3\xa9\n"),
            (b"\n\n", b"\n\n\n"),
            (b"urna.example", b"\n"),
        ],
    )
    def test_of_any_other_form_is_refused(self, old, new):
        data = proof_of(10).to_bytes()
        assert old in data
        with pytest.raises(Malformed):
            Proof.parse(data.replace(old, new, 1))

    def test_that_was_cut_anywhere_is_refused(self):
        data = proof_of(10).to_bytes()
        for end in range(len(data)):
            try:
                proof = Proof.parse(data[:end])
            except Malformed:
                continue
            # Cut between two signatures it is a proof, with fewer of them.
            with pytest.raises(NoQuorum):
                proof.verify(HASHES[10], POLICY)

    def test_that_is_too_long_is_refused(self):
        with pytest.raises(Malformed, match="are the most"):
            Proof.parse(b"a" * 2_000_001)

    @pytest.mark.parametrize(
        "proof",
        [
            Proof(-1, (), signed(leaves(1))),
            Proof(2**63, (), signed(leaves(1))),
            Proof(0, (b"short",), signed(leaves(1))),
            Proof(0, (), b"no checkpoint\n"),
            Proof(0, (), b"no checkpoint\n\n" + signed(leaves(1)).partition(b"\n\n")[2]),
        ],
    )
    def test_is_not_made_of_parts_that_it_cannot_hold(self, proof):
        with pytest.raises(Malformed):
            proof.to_bytes()


class TestVerify:
    @pytest.mark.parametrize("index", range(11))
    def test_believes_that_each_leaf_is_in_the_log(self, index):
        judged = Proof.parse(proof_of(index).to_bytes()).verify(HASHES[index], POLICY)
        assert judged.checkpoint.size == 11
        assert judged.witnesses == {"w"}

    def test_refuses_another_leaf(self):
        with pytest.raises(InvalidProof):
            proof_of(3).verify(HASHES[4], POLICY)

    def test_refuses_another_index(self):
        proof = proof_of(3)
        with pytest.raises(InvalidProof):
            Proof(4, proof.hashes, proof.checkpoint).verify(HASHES[3], POLICY)
        with pytest.raises(InvalidProof, match="has no leaf 11"):
            Proof(11, proof.hashes, proof.checkpoint).verify(HASHES[3], POLICY)

    def test_refuses_a_proof_that_was_cut_changed_or_swapped(self):
        proof = proof_of(3)
        first, second, *others = proof.hashes
        for hashes in (proof.hashes[:-1], proof.hashes[1:], (second, first, *others), (*proof.hashes, first), ()):
            with pytest.raises(InvalidProof):
                Proof(3, tuple(hashes), proof.checkpoint).verify(HASHES[3], POLICY)

    def test_refuses_the_checkpoint_of_a_tree_of_other_leaves(self):
        other = proof_of(3, leaves(11, 1))
        with pytest.raises(InvalidProof):
            Proof(3, proof_of(3).hashes, other.checkpoint).verify(HASHES[3], POLICY)

    def test_refuses_a_checkpoint_that_is_not_to_be_believed(self):
        proof = proof_of(3)
        for checkpoint, error in (
            (proof.checkpoint.replace(b"\n11\n", b"\n12\n"), InvalidSignature),
            (signed(HASHES), NoQuorum),
            (cosigned(signed(HASHES, key=log_key(seed=2)), witness_key()), NotSigned),
        ):
            with pytest.raises(error):
                Proof(3, proof.hashes, checkpoint).verify(HASHES[3], POLICY)
