"""Begin the record of an election anew, after its database came back from a backup and has lost entries.

The log that has lost them ends, and another one begins in its place: with an origin and a key of its own, and with a
first entry that refers to the old one (reference.py). The secret of the salts stays, so that all entries stay as they
are and open as before; each gets a place anew.
"""

import secrets

from django.db import transaction
from django.db.models.functions import Now

from . import sequencer
from .formats.checkpoint import Checkpoint
from .formats.keys import SignatureType, SignerKey
from .formats.note import Note
from .formats.tree import Frontier, leaf_hash
from .logs import SEED_BYTES, sign
from .models import Batch, Cosignature, EndedLog, Log, LogSecret, Tile, Witness
from .reference import Reference


@transaction.atomic
def begin_anew(election: int) -> Log:
    """End the log of an election, begin another one in its place, and return that; raises Log.DoesNotExist.

    Under the lock of the log. Whatever else works on what a log has said must not run beside this: certifying,
    completing, auditing and asking witnesses.
    """
    log = Log.objects.select_for_update().get(pk=election)
    number = EndedLog.objects.filter(election=election).count() + 1
    EndedLog.objects.create(
        election_id=election,
        number=number,
        origin=log.origin,
        verifier_key=log.verifier_key,
        checkpoint=log.checkpoint,
        other_head=log.other_head,
    )
    Batch.objects.filter(election=election).update(first=None)
    Tile.objects.filter(election=election).delete()
    witnesses = Witness.objects.filter(election=election)
    Cosignature.objects.filter(witness__in=witnesses).delete()
    witnesses.update(size=0, cosigned_at=None, problem="", failures=0, try_at=Now(), contradicts=False)
    ended = Checkpoint.parse(Note.parse(log.checkpoint.encode()).text)
    reference = Reference(ended, Checkpoint.parse(log.other_head) if log.other_head else None)
    origin = log.origin.rpartition("/")[0] if log.reference else log.origin
    _begin(log, f"{origin}/{number + 1}", reference.to_bytes())
    return Log.objects.get(pk=election)


def _begin(log: Log, origin: str, reference: bytes) -> None:
    """Make a log another one, whose first entry is a reference."""
    key = SignerKey(origin, SignatureType.ED25519, secrets.token_bytes(SEED_BYTES))
    LogSecret.objects.filter(election=log.pk).update(signer_key=key.to_secret_text())
    frontier = Frontier()
    log.origin, log.verifier_key, log.reference = origin, str(key.verifier_key), reference.decode()
    log.size, log.frontier, log.checkpoint = 0, frontier.to_bytes(), sign(key, frontier)
    log.other_head, log.other_head_at = "", None
    log.completed_at = log.finished_at = log.fates = None
    log.save()
    sequencer.append(log, [leaf_hash(reference)], key.to_secret_text())
