"""The test vectors of docs/record.md, made anew."""

import re
from hashlib import sha256
from pathlib import Path

from record.entry import Entry, OpenBallot, derive_salt
from record.event import Event
from record.formats.checkpoint import Checkpoint
from record.formats.note import Note
from record.formats.policy import Policy
from record.formats.proof import Proof
from record.formats.tiles import Bundle, Tile, write_bundle
from record.formats.tree import root_hash
from record.formats.tree_proofs import hashes_over, prove_consistency, prove_inclusion
from record.formats.witness import AddCheckpoint
from record.reference import Reference

from .formats.logs import cosigned, leaves, log_key, signed, witness_key

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/record.md").read_text()
HASHES = leaves(5)
CHECKPOINT = cosigned(signed(HASHES), witness_key())


def blocks() -> list[str]:
    return re.findall(r"^```text\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


class TestVectors:
    def test_are_what_the_code_makes(self):
        keys, hashes, bundle, checkpoint, proof, request, _policy, _entry, _events, _reference = blocks()
        made = [line for key in (log_key(), witness_key()) for line in (key.to_secret_text(), str(key.verifier_key))]
        assert keys.splitlines() == made
        assert hashes.splitlines() == [
            *(f"leaf {place} {one.hex()}" for place, one in enumerate(HASHES)),
            *(f"root {size} {root_hash(HASHES[:size]).hex()}" for size in range(6)),
        ]
        assert bytes.fromhex(bundle) == write_bundle([b"entry %d" % place for place in range(5)])
        assert checkpoint.encode() == CHECKPOINT
        inclusion = Proof(3, tuple(prove_inclusion(3, 5, hashes_over(HASHES))), CHECKPOINT)
        assert inclusion.to_bytes().startswith(proof.encode() + b"\n")
        consistency = tuple(prove_consistency(3, 5, hashes_over(HASHES)))
        assert AddCheckpoint(3, consistency, signed(HASHES)).to_bytes().startswith(request.encode() + b"\n")

    def test_commit_to_a_ballot(self):
        salt, _newline, entry = blocks()[-3].partition("\n")
        made = derive_salt(b"\x02" * 32, "A" * 22, "01975a3c-7d00-7abc-8def-0123456789ab")
        assert made.hex() == salt
        ballot = OpenBallot("nesquik-vs-cola-cao", "0123456789abcdef" * 2, "q1=nesquik", 3)
        assert Entry.of(ballot, made).to_bytes() == entry.encode()
        assert Entry.parse(entry.encode()).opens_as(ballot, made)

    def test_tell_of_an_election(self):
        election = "nesquik-vs-cola-cao"
        events = (
            Event.frozen(election, "0123456789abcdef" * 2, "2026-05-04T10:00:00Z"),
            Event.checkpoint(election, Note.parse(signed(HASHES)).text),
            Event.closed(election, "2026-05-04T12:00:00Z"),
            Event.result(election, sha256(b"result").hexdigest()),
        )
        assert blocks()[-2].encode() == b"\n".join(event.to_bytes() for event in events)

    def test_refer_to_a_record_that_has_ended(self):
        ended, lost = (Checkpoint.parse(Note.parse(signed(HASHES[:size])).text) for size in (3, 5))
        assert blocks()[-1].encode() == Reference(ended, lost).to_bytes()

    def test_believe_each_other(self):
        *_, checkpoint, proof, _request, policy, _entry, _events, _reference = blocks()
        read = Proof.parse((proof + "\n" + checkpoint).encode())
        assert read.verify(HASHES[3], Policy.parse(policy.encode())).witnesses == {"w1"}

    def test_have_the_paths_of_their_tiles(self):
        for tile in (Bundle(0, 5), Tile(0, 0, 5)):
            assert f"`{tile.path}`" in DOCUMENT
