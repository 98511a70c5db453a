"""One round of the count, from top to bottom: read, count, commit, make the outcome, delete, show.

The order is the guarantee. Whatever dies in between, the batch comes again, finds its own records, and changes
nothing; what was never deleted from the box cannot be lost, and what is recorded cannot count twice.
"""

import gc
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from django.db import transaction

from polls import ballot_box
from polls.ballot_box import inbox
from polls.ballot_box.inbox import Entry, Settlement
from polls.ballots import Ballot
from polls.definition import Definition
from polls.models import Election, Epoch
from polls.outages import is_outage
from polls.wake_up import ask_for_next_drain

from . import counting, healing, metrics, outcomes, recorder, steps, store
from .announce import announce
from .backlog import Backlog, Look
from .models import RejectedBallot, Tally
from .screening import Batch, reject

logger = logging.getLogger(__name__)

# Seconds for which a drain goes on before it lets others have their turn.
TURN_S = 1.0


def drain_all() -> None:
    """Count whatever waits in any box, and note the time if all of it could be counted; raises Unavailable.

    An election that fails is logged and does not keep the others waiting.
    """
    elections = list(Election.objects.not_final().prefetch_related("designs"))
    waiting = ballot_box.count_waiting([(election.pk, election.shards) for election in elections])
    all_good = True
    for election in elections:
        for shard in range(election.shards if waiting[election.pk] else 0):
            try:
                drain_shard(election, shard)
            except Exception as error:
                if is_outage(error):
                    raise
                logger.exception("ALARM %s: shard %s cannot be counted", election.slug, shard)
                all_good = False
    if all_good:
        inbox.note_good_drain()


def drain_shard(election: Election, shard: int) -> int:
    """Count all ballots that wait in one shard, for a turn of about a second; return how many entries were read.

    Where another worker is at it already this returns at once: that one looks again before it leaves. What is left at
    the end of the turn is asked for again, behind whatever else waits for this process: under a flood one busy shard
    would keep it for ever, and other shards would not be counted, nor elections sealed.
    Raises Unavailable, or the database's errors, with nothing lost: the next round begins where this one did.
    """
    read = 0
    over = time.monotonic() + TURN_S
    definition = begin_turn(election, shard)
    if definition is None:
        return 0
    with without_collector(), Backlog(definition, shard, over=over) as backlog:
        while True:
            entries = drain_round(definition, shard, backlog)
            if entries:
                read += len(entries)
                if time.monotonic() >= over:
                    ask_for_next_drain(definition, shard)
                    break
            elif entries is None or not inbox.read(election.pk, shard, after=backlog.last, limit=1):
                # The look without the lock is for a worker that was turned away while this one still held it.
                break
        if backlog.finish():
            # The outcome is made, but what the last batch left in the box was shown as waiting.
            announce(election.pk)
    if backlog.finds_reused_places:
        # Not at the next tick: until then voters whose marks are gone are taken for new ones.
        healing.keep_box()
    return read


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep Python's garbage collector off during the block.

    It would look at the thousands of objects of a batch again and again, and finds nothing: no cycle holds them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def begin_turn(election: Election, shard: int) -> Definition | None:
    """Return the election with the paper on which its box takes ballots; None if PostgreSQL does not know it yet."""
    # Before the read, so that a ballot accepted from here on asks for a drain of its own.
    design = inbox.clear_wake_up(election.pk, shard)
    if design not in ("", election.in_force):
        healing.keep_box()
        election.refresh_from_db()
        design = inbox.clear_wake_up(election.pk, shard)
        if design not in ("", election.in_force):
            logger.warning("%s: its ballots wait until the paper is known on which they were cast", election.slug)
            return None
    return Definition.of(election)


def drain_round(definition: Definition, shard: int, backlog: Backlog) -> list[Entry] | None:
    """Read, count, commit, delete and show a batch; return it, or None if another worker holds the shard."""
    started = time.monotonic()
    with transaction.atomic():
        if not store.try_lock(definition.election, shard):
            return None
        look = backlog.take()
        if not look.entries:
            return look.entries
        recorded = record(definition, shard, look)
    backlog.finds_reused_places |= recorded.reuses_places
    # The outcome comes before the delete: until a ballot is in it, the pages say that the ballot waits.
    try:
        is_shown = outcomes.renew(definition.election, definition.step)
    except Exception as error:
        if not is_outage(error):
            # The count goes on without an outcome.
            backlog.settle(recorded.settlements, recorded.version)
        raise
    backlog.settle(recorded.settlements, recorded.version)
    if is_shown:
        announce(definition.election)
    recorder.current().publish(definition.election)
    metrics.ROUND_BALLOTS.observe(len(look.entries))
    metrics.ROUND_SECONDS.observe(time.monotonic() - started)
    return look.entries


class Recorded(NamedTuple):
    """What became of each entry of a batch that may leave the box.

    `reuses_places` tells whether a place of the batch belongs to another ballot already, as the database knows.
    `version` is that of the shard's count with the batch.
    """

    reuses_places: bool
    settlements: Iterable[Settlement]
    version: int


def record(definition: Definition, shard: int, look: Look) -> Recorded:
    """Write a batch in the open transaction: first the cast records, then what they change."""
    election, batch = definition.election, look.batch
    tally = store.load_tally(election, shard)
    new, redelivered, duplicates = insert_new(tally, look)
    # A ballot that a newer worker had to wait for has a low serial as well, but one of its own.
    late = [ballot for ballot in new if ballot.epoch == tally.epoch and ballot.serial <= tally.last_serial]
    reuses_places = store.note_reused_places(election, shard, late)

    standing = store.load_counted(election, {ballot.voter_key for ballot in batch.ballots.values()})
    changes = counting.count(new, standing, count_keys=definition.count_keys, votes_final=definition.votes_final)
    store.save_counted(election, shard, changes.counted, standing)
    store.add_to_counts(election, shard, changes.counts)
    newly_rejected = set_aside(definition, shard, batch, duplicates, changes.set_aside)

    if new or newly_rejected:
        follow_serials(definition, tally, batch.places)
        tally.version += 1
        tally.ballots += changes.new_voters
        tally.extra_weight += changes.extra_weight
        tally.save(update_fields=["version", "ballots", "extra_weight", "epoch", "last_serial"])
        if definition.step > 1:
            steps.note_unshown(election, shard, tally.version, changes.counted)
        counted = len(new) - len(changes.set_aside)
        reasons = [one.reason for one in newly_rejected]
        # No `partial`: Django logs what fails by its name, and a partial has none.
        transaction.on_commit(lambda: metrics.count_round(counted, counted - changes.new_voters, reasons), robust=True)
    receipts = recorder.current().write(
        definition, shard, tally.version, look.prepared, new=new, known=redelivered, set_aside=newly_rejected
    )
    settled = settlements(definition, batch, standing | changes.counted, receipts)
    return Recorded(reuses_places, settled, tally.version)


def insert_new(tally: Tally, look: Look) -> tuple[list[Ballot], list[Ballot], list[Ballot]]:
    """Record the ballots that have no record yet; return them, those that come again, and duplicates.

    A duplicate has a record under another place in the box.
    """
    election, shard = tally.election_id, tally.shard
    ballots = list(look.batch.ballots.values())
    epoch, serial = look.batch.places[0] if look.batch.places else ("", 0)
    comes_again = epoch == tally.epoch and serial <= tally.last_serial
    if not comes_again and store.insert_new_cast_records(election, shard, look.rows):
        return ballots, [], []
    new_places = store.insert_cast_records(election, shard, look.rows)
    new: list[Ballot] = []
    known: list[Ballot] = []
    for ballot in ballots:
        (new if ballot.place in new_places else known).append(ballot)
    places = store.find_recorded(election, known)
    redelivered = [ballot for ballot in known if ballot.place in places]
    return new, redelivered, [ballot for ballot in known if ballot.place not in places]


def set_aside(
    definition: Definition, shard: int, batch: Batch, duplicates: list[Ballot], counted_before: list[Ballot]
) -> list[RejectedBallot]:
    """Keep what is not counted, with the reason; return what is new."""
    if not (batch.rejected or duplicates or counted_before):
        return []
    entries = {ballot.place: entry for entry, ballot in batch.ballots.items()}
    return store.save_rejected(
        batch.rejected
        + [
            reject(definition, shard, entries[ballot.place], ballot, reason)
            for reason, ballots in (
                (RejectedBallot.Reason.DUPLICATE, duplicates),
                (RejectedBallot.Reason.ALREADY_COUNTED, counted_before),
            )
            for ballot in ballots
        ]
    )


def follow_serials(definition: Definition, tally: Tally, places: list[tuple[str, int]]) -> None:
    """Move the tally's last serial on over `places`, (epoch, serial) each; a gap raises an alarm, and is counted.

    An epoch that the tally has left is passed by: a promoted replica may bring back ballots that were counted,
    and a worker of a newer release may read what the one before has left.
    """
    left = find_epochs_before(tally.epoch) if any(epoch != tally.epoch for epoch, _ in places) else set()
    for epoch, serial in places:
        if epoch in left:
            continue
        if epoch != tally.epoch:
            tally.epoch, tally.last_serial = epoch, 0
        if serial > tally.last_serial + 1:
            logger.error(
                "ALARM %s: ballots %s to %s of shard %s are missing from the box; run `reconcile`",
                definition.slug, tally.last_serial + 1, serial - 1, tally.shard,
            )  # fmt: skip
            metrics.MISSING.inc(serial - tally.last_serial - 1)
        tally.last_serial = max(tally.last_serial, serial)


def find_epochs_before(epoch: str) -> set[str]:
    """Return the epochs that began before this one."""
    names = list(Epoch.objects.order_by("pk").values_list("name", flat=True))
    return set(names[: names.index(epoch)]) if epoch in names else set()


def settlements(
    definition: Definition,
    batch: Batch,
    counted: Mapping[str, counting.Counted],
    receipts: Mapping[str, str],
) -> Iterator[Settlement]:
    """Say what became of each entry that may leave the box, by what counts now, and where the record has it.

    They are made as they are used, which is beside the next batch if one waits.
    """
    for one in batch.rejected:
        yield Settlement(one.entry, "set-aside", one.voter_key, str(one.ballot_id or ""))
    otherwise = "set-aside" if definition.votes_final else "replaced"
    for entry, ballot in batch.ballots.items():
        counts_now = counted.get(ballot.voter_key)
        state = "counted" if counts_now and counts_now.ballot_id == ballot.ballot_id else otherwise
        receipt = receipts.get(recorder.name_ballot(ballot), "")
        yield Settlement(entry, state, ballot.voter_key, ballot.ballot_id, receipt)
