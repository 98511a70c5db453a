"""Requests to witnesses, what a witness decides about them, and what its answers mean."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.checkpoint import Checkpoint
from record.formats.cosignature import Cosigner, signed_message
from record.formats.encodings import Malformed
from record.formats.note import InvalidSignature, Note, NoteSigner, NotSigned, Signature, sign_note
from record.formats.tree import root_hash
from record.formats.tree_proofs import hashes_over, prove_consistency
from record.formats.witness import (
    AddCheckpoint,
    Status,
    decide,
    monitoring_path,
    read_cosignatures,
    read_size,
    write_cosignatures,
    write_size,
)

from .logs import LOG, ORIGIN, WITNESS, cosigned, leaves, log_key, signed, witness_key

HASHES = leaves(11)
HASH_LINE = b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"


def request_of(old_size, hashes=HASHES, *, proof=None, checkpoint=None):
    if proof is None:
        proof = prove_consistency(old_size, len(hashes), hashes_over(hashes))
    return AddCheckpoint(old_size, tuple(proof), checkpoint or signed(hashes))


def latest(size, hashes=HASHES):
    return Checkpoint(ORIGIN, size, root_hash(hashes[:size]))


class TestRequest:
    def test_is_that_of_the_specification(self):
        request = request_of(7)
        head, _, checkpoint = request.to_bytes().partition(b"\n\n")
        assert head.split(b"\n")[0] == b"old 7"
        assert len(head.split(b"\n")) == 1 + len(request.proof)
        assert checkpoint == request.checkpoint
        assert request.head == latest(11)

    @given(st.integers(0, 11))
    def test_is_read_as_it_is_written(self, old_size):
        request = request_of(old_size)
        assert AddCheckpoint.parse(request.to_bytes()) == request

    def test_without_a_proof_is_two_lines_and_the_checkpoint(self):
        assert request_of(0).to_bytes() == b"old 0\n\n" + signed(HASHES)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"old 7", b"old 07"),
            (b"old 7", b"old"),
            (b"old 7", b"old  7"),
            (b"old 7", b"old -7"),
            (b"old 7", b"old 9223372036854775808"),
            (b"old 7", b"size 7"),
            (b"old 7\n", b""),
            (b"old 7\n", b"old 7\n\n"),
            (b"old 7\n", b"old 7\r\n"),
            (b"old 7\n", b"old 7\nAAAA\n"),
            (b"old 7\n", b"old 7\n" + HASH_LINE.replace(b"=", b"")),
            (b"old 7\n", b"old 7\n" + HASH_LINE.replace(b"w=", b"x=")),
            (b"old 7\n", b"old 7\n" + HASH_LINE * 61),
            (b"old 7\n", b"old 7\n\xff\n"),
            (b"\n11\n", b"\n011\n"),
            (b"\n11\n", b"\n"),
        ],
    )
    def test_of_any_other_form_is_refused(self, old, new):
        body = request_of(7).to_bytes()
        assert old in body
        with pytest.raises(Malformed):
            AddCheckpoint.parse(body.replace(old, new, 1))

    def test_that_was_cut_anywhere_is_refused(self):
        body = request_of(7).to_bytes()
        for end in range(len(body)):
            with pytest.raises(Malformed):
                AddCheckpoint.parse(body[:end])

    def test_that_is_too_long_is_refused(self):
        with pytest.raises(Malformed, match="are the most"):
            AddCheckpoint.parse(b"a" * 2_000_001)

    @pytest.mark.parametrize(
        "parts",
        [
            (-1, (), signed(HASHES)),
            (2**63, (), signed(HASHES)),
            (0, (b"short",), signed(HASHES)),
            (1, tuple(leaves(64)), signed(HASHES)),
            (0, (), b"nothing"),
        ],
    )
    def test_is_not_made_of_parts_that_it_cannot_hold(self, parts):
        with pytest.raises(Malformed):
            AddCheckpoint(*parts).to_bytes()


class TestDecide:
    @pytest.mark.parametrize("old_size", range(12))
    def test_cosigns_a_tree_that_only_grew(self, old_size):
        decision = decide(request_of(old_size), logs=[LOG], latest=latest(old_size))
        assert decision == (Status.COSIGNED, latest(11), None, "")

    def test_cosigns_the_first_checkpoint_of_a_log(self):
        assert decide(request_of(0), logs=[LOG], latest=None).status == Status.COSIGNED
        assert decide(request_of(0, []), logs=[LOG], latest=None).checkpoint == latest(0)

    def test_cosigns_the_same_checkpoint_again(self):
        assert decide(request_of(11), logs=[LOG], latest=latest(11)).status == Status.COSIGNED

    def test_does_not_know_a_log_without_keys(self):
        assert decide(request_of(0), logs=[], latest=None).status == Status.UNKNOWN_LOG

    @pytest.mark.parametrize(
        "checkpoint",
        [
            signed(HASHES, key=log_key(seed=2)),
            signed(HASHES, key=log_key("other.example")),
            signed(HASHES).replace(b"\n11\n", b"\n12\n"),
        ],
    )
    def test_does_not_trust_a_wrong_signature(self, checkpoint):
        request = request_of(0, checkpoint=checkpoint)
        assert decide(request, logs=[LOG], latest=None).status == Status.NOT_TRUSTED

    def test_looks_at_signatures_before_sizes(self):
        request = request_of(5, checkpoint=signed(HASHES, key=log_key(seed=2)), proof=[])
        assert decide(request, logs=[LOG], latest=latest(3)).status == Status.NOT_TRUSTED

    def test_refuses_an_old_size_above_that_of_the_checkpoint(self):
        decision = decide(request_of(12, proof=[]), logs=[LOG], latest=latest(11))
        assert decision.status == Status.BAD_REQUEST

    @pytest.mark.parametrize(
        ("old_size", "has", "size"), [(0, latest(5), 5), (4, latest(5), 5), (6, latest(5), 5), (3, None, 0)]
    )
    def test_tells_the_size_that_it_has(self, old_size, has, size):
        decision = decide(request_of(old_size), logs=[LOG], latest=has)
        assert (decision.status, decision.size, decision.checkpoint) == (Status.OTHER_SIZE, size, None)

    def test_tells_the_size_that_it_has_to_a_log_that_fell_back(self):
        # A log that was restored from an old copy asks with what it remembers.
        assert decide(request_of(3, HASHES[:4]), logs=[LOG], latest=latest(9)).size == 9
        assert decide(request_of(9, HASHES[:4], proof=[]), logs=[LOG], latest=latest(9)).status == Status.BAD_REQUEST

    def test_refuses_a_tree_that_forked(self):
        other = [*HASHES[:2], *leaves(9, 500)]
        decision = decide(request_of(5, other), logs=[LOG], latest=latest(5))
        assert decision.status == Status.NOT_CONSISTENT
        assert "the older tree of 5 leaves" in decision.reason
        assert decision.checkpoint is None

    def test_refuses_another_root_of_the_same_size(self):
        decision = decide(request_of(11, leaves(11, 1)), logs=[LOG], latest=latest(11))
        assert (decision.status, decision.size, decision.checkpoint) == (Status.OTHER_SIZE, None, None)
        assert decision.reason == "another tree of 11 entries was cosigned"

    def test_refuses_a_proof_where_none_may_be(self):
        for old_size, has in ((0, None), (11, latest(11))):
            request = request_of(old_size, proof=leaves(1))
            assert decide(request, logs=[LOG], latest=has).status == Status.NOT_CONSISTENT

    def test_refuses_each_proof_that_was_cut_or_changed(self):
        proof = request_of(7).proof
        for wrong in ((), proof[:-1], proof[1:], (*proof, proof[0]), (proof[1], proof[0], *proof[2:])):
            decision = decide(request_of(7, proof=wrong), logs=[LOG], latest=latest(7))
            assert decision.status == Status.NOT_CONSISTENT

    def test_refuses_an_empty_tree_with_another_root(self):
        head = Checkpoint(ORIGIN, 0, root_hash(leaves(1)))
        checkpoint = sign_note(head.text, NoteSigner(log_key())).to_bytes()
        for has in (None, latest(0)):
            request = request_of(0, [], checkpoint=checkpoint)
            assert decide(request, logs=[LOG], latest=has).status == Status.OTHER_SIZE

    def test_has_the_numbers_of_the_specification(self):
        assert [int(status) for status in Status] == [200, 400, 403, 404, 409, 422]


class TestAnswers:
    TEXT = Note.parse(signed(HASHES)).text

    def test_give_a_size(self):
        assert write_size(20_852_014) == b"20852014\n"
        assert read_size(b"20852014\n") == 20_852_014
        for body in (b"", b"\n", b"5", b"05\n", b"5\n\n", b"5\r\n", b"-5\n", b"\xff\n"):
            with pytest.raises(Malformed):
                read_size(body)

    def test_give_cosignatures(self):
        made = Cosigner(witness_key()).cosign(self.TEXT, 5)
        body = write_cosignatures([made])
        assert body.startswith("— witness.example/w1 ".encode())
        assert read_cosignatures(body, signed(HASHES), [WITNESS]) == (made,)

    def test_give_none_by_witnesses_that_are_not_known(self):
        known = Cosigner(witness_key()).cosign(self.TEXT, 5)
        unknown = Cosigner(witness_key("other.example", 102)).cosign(self.TEXT, 5)
        body = write_cosignatures([unknown, known])
        assert read_cosignatures(body, signed(HASHES), [WITNESS]) == (known,)
        with pytest.raises(NotSigned):
            read_cosignatures(write_cosignatures([unknown]), signed(HASHES), [WITNESS])

    def test_are_not_believed_if_they_are_about_another_checkpoint(self):
        body = write_cosignatures([Cosigner(witness_key()).cosign(Note.parse(signed(HASHES[:5])).text, 5)])
        with pytest.raises(InvalidSignature):
            read_cosignatures(body, signed(HASHES), [WITNESS])

    def test_are_not_believed_without_a_time(self):
        signature = bytes(8) + witness_key().sign(signed_message(self.TEXT, 0))
        body = write_cosignatures([Signature(WITNESS.name, WITNESS.key_id, signature)])
        with pytest.raises(InvalidSignature, match="has no time"):
            read_cosignatures(body, signed(HASHES), [WITNESS])

    @pytest.mark.parametrize("body", [b"", b"\n", b"nothing\n", b"\xff\n", b"a" * 1_000_001, "— w AAAAAAAA".encode()])
    def test_are_refused_in_any_other_form(self, body):
        with pytest.raises(Malformed):
            read_cosignatures(body, signed(HASHES), [WITNESS])

    def test_can_be_added_to_the_checkpoint(self):
        made = Cosigner(witness_key()).cosign(self.TEXT, 1_700_000_000)
        assert Note.parse(signed(HASHES)).with_signatures([made]).to_bytes() == cosigned(signed(HASHES), witness_key())


class TestMonitoringPath:
    def test_is_the_hash_of_the_origin(self):
        assert monitoring_path(ORIGIN) == hashlib.sha256(ORIGIN.encode()).hexdigest() + "/checkpoint"
