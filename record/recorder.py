"""Write the entries of each batch in the transaction that counts it, and say where the entry of a ballot stands."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from polls.ballots import Ballot
from polls.definition import Definition
from polls.models import Election
from polls.outages import is_outage
from tally.models import RejectedBallot
from tally.recorder import Contradiction, Prepare, Recorder, name_ballot

from . import completion, installation, logs, quorum, sequencer, served_heads
from .formats.tree import split_hashes
from .models import Batch, LogSecret, OpenedEntry
from .openings import Opener, rejected_without_record

logger = logging.getLogger(__name__)

# Seconds between two checkpoints of an election that this process signs while ballots come without a pause.
PAUSE_S = 1.0
# Seconds until a record that contradicts its ballots is compared again, and its alarm raised again.
TRIED_AGAIN_S = 60.0
NO_PLACES = "its entries get no places in its record"


class Prepared(NamedTuple):
    """What opens the entries of an election, and the ballots of a batch by the commitments to them."""

    opener: Opener
    ballots: dict[bytes, Ballot]


class PublicRecorder(Recorder):
    """Keeps the public record of each election."""

    def __init__(self) -> None:
        # When this process may sign a checkpoint of an election again, in seconds of `time.monotonic`.
        self._due: dict[int, float] = {}

    def begin(self, definition: Definition) -> Prepare:
        secret = logs.read_secret(definition.election, definition.slug)
        opener = Opener(bytes(secret.salt_secret), definition.slug, definition.design)
        return lambda ballots: Prepared(opener, {opener.commit_to(ballot): ballot for ballot in ballots})

    def write(
        self,
        definition: Definition,
        shard: int,
        version: int,
        prepared: Prepared,
        *,
        new: Sequence[Ballot],
        known: Sequence[Ballot],
        set_aside: Sequence[RejectedBallot],
    ) -> Mapping[str, str]:
        opener, written = prepared
        if len(new) < len(written):
            written = {opener.commit_to(ballot): ballot for ballot in new}
        commitments = sorted([*written, *map(opener.commit_to_rejected, rejected_without_record(set_aside))])
        receipts: dict[str, str] = {}
        if commitments:
            batch = Batch.objects.create(
                election_id=definition.election,
                shard=shard,
                version=version,
                design=definition.design,
                commitments=b"".join(commitments),
            )
            first = f"{batch.pk}."
            receipts = {
                name_ballot(ballot): first + str(place)
                for place, ballot in enumerate(map(written.get, commitments))
                if ballot
            }
        if known:
            receipts |= find_receipts(definition.election, shard, {opener.commit_to(one): one for one in known})
        if definition.checkable:
            ballots = {name_ballot(ballot): ballot for ballot in (*new, *known)}
            openings = {name: opener.open_ballot(ballots[name]).to_text() for name in receipts}
            receipts = {name: f"{receipt}@{openings[name]}" for name, receipt in receipts.items()}
        return receipts

    def publish(self, election: int) -> None:
        now = time.monotonic()
        if now >= self._due.get(election, 0):
            self._due[election] = now + PAUSE_S
            with guarded(NO_PLACES, election):
                sequencer.sequence(election)

    def finish(self, election: Election) -> bool:
        return completion.finish(election)

    def find_missing_cosignatures(self, election: Election) -> Sequence[str]:
        return quorum.explain_missing(election)

    def forget(self, election: Election) -> None:
        LogSecret.objects.filter(election=election).delete()
        OpenedEntry.objects.filter(sample__audit=election.pk).delete()


def find_receipts(election: int, shard: int, wanted: Mapping[bytes, Ballot]) -> dict[str, str]:
    """Find entries that an earlier transaction has written; the newest batches first, since these come again."""
    missing = dict(wanted)
    found = {}
    batches = Batch.objects.filter(election=election, shard=shard).order_by("-pk").values_list("pk", "commitments")
    for batch, commitments in batches.iterator(chunk_size=20):
        for place, commitment in enumerate(split_hashes(bytes(commitments))):
            if ballot := missing.pop(commitment, None):
                found[name_ballot(ballot)] = f"{batch}.{place}"
        if not missing:
            break
    return found


# Until when this process leaves the record of an election alone, in seconds of `time.monotonic`.
_contradicts_until: dict[int, float] = {}


def keep_logs() -> None:
    """Bring all logs up to date.

    Begins those that are missing, completes those that have begun late, gives places to what waits for one, enters what
    has happened into the log of the installation, and looks whether PostgreSQL has lost something of a log.
    """
    for election in completion.without_log():
        logs.begin(election.pk, election.slug)
    for election in completion.incomplete():
        if time.monotonic() < _contradicts_until.get(election.pk, 0):
            continue
        with guarded("its record cannot be completed", election.slug):
            try:
                completion.complete(election)
            except Contradiction:
                # To find that out all ballots are counted, and it stays so until somebody mends it.
                _contradicts_until[election.pk] = time.monotonic() + TRIED_AGAIN_S
                raise
    for number in sequencer.waiting():
        with guarded(NO_PLACES, number):
            sequencer.sequence(number)
    with guarded("its log does not go on"):
        installation.keep_often()
    with guarded("heads of logs are not compared with those that were served"):
        served_heads.compare()


@contextmanager
def guarded(what: str, election: object = None) -> Iterator[None]:
    """Log what fails for one election or, without one, for the log of the installation; raises outages.

    So the count and other elections go on.
    """
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise
        logger.exception("ALARM %s: %s", "the installation" if election is None else f"election {election}", what)
