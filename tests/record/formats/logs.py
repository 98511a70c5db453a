"""Logs, keys and signed notes that tests of the formats share."""

from collections.abc import Sequence

from record.formats.checkpoint import Checkpoint
from record.formats.cosignature import CosignatureVerifier, Cosigner
from record.formats.keys import SignatureType, SignerKey
from record.formats.note import Note, NoteSigner, NoteVerifier, sign_note
from record.formats.tree import leaf_hash, root_hash

ORIGIN = "urna.example/nesquik-vs-cola-cao"


def leaves(number: int, start: int = 0) -> list[bytes]:
    """Return the hashes of so many different leaves."""
    return [leaf_hash(b"entry %d" % place) for place in range(start, start + number)]


def log_key(name: str = ORIGIN, seed: int = 1) -> SignerKey:
    return SignerKey(name, SignatureType.ED25519, bytes([seed]) * 32)


def witness_key(name: str = "witness.example/w1", seed: int = 101) -> SignerKey:
    return SignerKey(name, SignatureType.COSIGNATURE, bytes([seed]) * 32)


LOG = NoteVerifier(log_key().verifier_key)
WITNESS = CosignatureVerifier(witness_key().verifier_key)


def signed(hashes: Sequence[bytes], *, origin: str = ORIGIN, key: SignerKey | None = None) -> bytes:
    """Return the checkpoint of a tree of these leaves, signed by its log."""
    head = Checkpoint(origin, len(hashes), root_hash(hashes))
    return sign_note(head.text, NoteSigner(key or log_key(origin))).to_bytes()


def cosigned(checkpoint: bytes, *keys: SignerKey, time: int = 1_700_000_000) -> bytes:
    """Return a checkpoint with a cosignature by each key."""
    note = Note.parse(checkpoint)
    return note.with_signatures(Cosigner(key).cosign(note.text, time) for key in keys).to_bytes()
