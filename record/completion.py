"""See to it that each ballot has its entry: those too that were counted before the log began, or by the last release.

While servers are being updated, a worker of the last release may still count ballots, and it writes no entries. So the
log is completed once after it has begun, and once more when the election is final.
"""

import logging

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Sum
from django.db.models.functions import Length
from django.utils import timezone

from polls.life import COUNTED, State
from polls.models import Election
from tally import store
from tally.models import Tally
from tally.recorder import Contradiction

from . import fates, logs, sequencer
from .formats.encodings import HASH_BYTES
from .models import Batch, Log, read_commitments
from .openings import Opener, cast_records, rejected_ballots

logger = logging.getLogger(__name__)

# The advisory lock of completing; healing, balancing and certifying have the others.
COMPLETING_LOCK = (0, 3)
# Entries that are written in one transaction.
CHUNK = 10_000
# Elections that have a record: their ballots are counted, or not yet cut off their voters.
RECORDED = (*COUNTED, State.FINAL)


def without_log() -> QuerySet[Election]:
    """Return the elections of which a log has to begin: they have opened, so that their address stays as it is."""
    return Election.objects.filter(state__in=RECORDED, log=None).exclude(state=State.PUBLISHED, opened_at=None)


def incomplete() -> QuerySet[Election]:
    """Return the elections whose log has to be completed: it has begun, or its election is final."""
    return Election.objects.filter(
        Q(log__completed_at=None)
        | Q(state=State.FINAL, log__finished_at=None)
        | Q(~sequencer.HELD_BACK, state=State.FINAL, log__fates=None),
        state__in=RECORDED,
        log__isnull=False,
    )


def finish(election: Election) -> bool:
    """Complete the log of a final election, which gets no entry from then on; tell whether it is whole.

    It is not while its result is hidden. Raises Contradiction.
    """
    if not Log.objects.filter(pk=election.pk).exists():
        logs.begin(election.pk, election.slug)
    complete(election, wait=True)
    return Log.objects.filter(pk=election.pk).exclude(fates=None).exists()


def complete(election: Election, *, wait: bool = False) -> None:
    """Write the entries that are missing, a chunk at a time, and at the end what has become of each entry.

    While another worker completes a log this waits for it, or does nothing. Raises Contradiction if there are more
    entries than ballots.
    """
    with store.alone(*COMPLETING_LOCK, wait=wait) as alone:
        if not alone:
            return
        number, ballots = count_entries(election.pk), count_ballots(election.pk)
        if number < ballots:
            missing = ballots - number
            logger.info("%s: %s entries of its record are missing, and are written now", election.slug, missing)
            for shard in range(election.shards):
                _complete_shard(election, shard)
            number, ballots = count_entries(election.pk), count_ballots(election.pk)
        if number > ballots:
            raise Contradiction(f"the record has {number} entries, and there are {ballots} ballots")
        now = timezone.now()
        changes = {"completed_at": now} | ({"finished_at": now} if election.state == State.FINAL else {})
        Log.objects.filter(pk=election.pk).update(**changes)
        if election.state == State.FINAL:
            sequencer.sequence(election.pk, wait=wait)
            fates.write(election)


def count_entries(election: int) -> int:
    """Return how many entries there are, with and without a place."""
    total = Batch.objects.filter(election=election).aggregate(bytes=Sum(Length("commitments")))["bytes"] or 0
    return int(total) // HASH_BYTES


def count_ballots(election: int) -> int:
    """Return how many ballots have to have an entry."""
    return cast_records(election).count() + rejected_ballots(election).count()


def _complete_shard(election: Election, shard: int) -> None:
    secret = logs.read_secret(election.pk, election.slug)
    opener = Opener(bytes(secret.salt_secret), election.slug, election.in_force)
    with transaction.atomic():
        # What is counted from here on has its entries, or comes after the last number.
        store.lock(election.pk, shard)
        known = set(read_commitments(Batch.objects.filter(election=election, shard=shard)))
        records = cast_records(election.pk).filter(shard=shard)
        last = records.aggregate(last=Max("pk"))["last"] or 0
        rejected = [
            one for one in map(opener.commit_to_rejected, rejected_ballots(election.pk).filter(shard=shard))
            if one not in known
        ]  # fmt: skip
        if rejected:
            _append(election, shard, rejected)
    missing: list[bytes] = []
    for record in records.filter(pk__lte=last).order_by("pk").iterator(chunk_size=2000):
        commitment = opener.commit_to(record)
        if commitment not in known:
            missing.append(commitment)
        if len(missing) == CHUNK:
            _append(election, shard, missing)
            missing = []
    if missing:
        _append(election, shard, missing)


@transaction.atomic
def _append(election: Election, shard: int, commitments: list[bytes]) -> None:
    """Write a batch that is of no round; it takes a version of its own, so that no round can have it."""
    store.lock(election.pk, shard)
    tally = store.load_tally(election.pk, shard)
    Tally.objects.filter(pk=tally.pk).update(version=F("version") + 1)
    Batch.objects.create(
        election=election,
        shard=shard,
        version=tally.version + 1,
        design=election.in_force,
        commitments=b"".join(sorted(commitments)),
    )
