"""Read what is published of a log's witnesses: their keys, and their cosignatures of the newest head."""

from collections.abc import Iterable

from .formats.cosignature import CosignatureVerifier
from .formats.keys import VerifierKey
from .formats.note import Note, Signature
from .models import Cosignature, SignedLog, Witness


def read_keys(log: SignedLog) -> list[str]:
    """Return the keys of the witnesses, in the order in which they were added."""
    return list(Witness.objects.filter(election=log.election_id).order_by("pk").values_list("verifier_key", flat=True))


def find_cosignatures(log: SignedLog) -> list[Signature]:
    """Return the cosignatures of exactly this head, each of them verified."""
    text = Note.parse(log.checkpoint.encode()).text
    stored = Cosignature.objects.filter(witness__election=log.election_id, size=log.size).order_by("witness")
    found = []
    for line, key in stored.values_list("line", "witness__verifier_key"):
        signature = Signature.parse(line)
        # Anew each time: a head of the same size would be another one if the database was changed behind us.
        if CosignatureVerifier(VerifierKey.parse(key)).verify(text, signature.signature):
            found.append(signature)
    return found


def write_head(log: SignedLog, cosignatures: Iterable[Signature]) -> bytes:
    """Return the newest checkpoint with cosignatures of it."""
    return Note.parse(log.checkpoint.encode()).with_signatures(cosignatures).to_bytes()


def cosigned_checkpoint(log: SignedLog) -> bytes:
    """Return the newest checkpoint, with what cosignatures there are of it."""
    return write_head(log, find_cosignatures(log))
