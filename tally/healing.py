"""Keep the ballot box and PostgreSQL in step, and restore a box that has lost data.

An emptied box has no epoch, and `vote` accepts nothing until it has one. The voters' marks are restored first, then the
definitions and the rolls, and the new epoch comes last: a half-restored box never accepts a ballot.
"""

import logging
import secrets
from contextlib import suppress

from django.conf import settings
from django.db import transaction

from polls import ballot_box
from polls.ballot_box import inbox, restoring, write_mark
from polls.ballot_box.reading import ACCEPTED
from polls.ballots import Ballot, NewerWireVersion, UnreadableEntry
from polls.definition import Definition
from polls.delivery import Arrival, deliver, restore
from polls.life import State
from polls.models import Election, Epoch

from . import store as database
from .lifecycle import store_seal
from .models import CountedBallot, Tally
from .rolls import bring_roll

logger = logging.getLogger(__name__)

# The advisory lock of healing; shards use pairs (election, shard), and elections count from 1.
HEALING_LOCK = (0, 0)
# Arguments to one script call stay below Lua's limit of about 8,000.
MARKS_CHUNK = 2000


def keep_box() -> None:
    """Publish what the box does not have yet, store its seals, and heal it if it lost data; raises Unavailable."""
    epoch = ballot_box.read_epoch()
    if epoch is None or _has_lost_data(epoch):
        heal(epoch)
        return
    if _has_another_primary():
        heal(epoch, is_promoted=True)
        return
    if _has_shard_elsewhere(epoch):
        heal(epoch)
        return
    elections = list(Election.objects.published().prefetch_related("designs"))
    if Arrival.CONTRADICTED in deliver(elections, epoch):
        heal(epoch)
        return
    for election in elections:
        bring_roll(election)
    for election in _find_sealed([election for election in elections if election.state == State.PUBLISHED]):
        # Sealed by a process that died before it could tell PostgreSQL. Of several masters the others may have to wait
        # for their own clocks.
        seal = ballot_box.seal(election.pk, election.shards, only_if_due=True)
        if seal.sealed:
            store_seal(election, seal)


def deliver_election(pk: int) -> None:
    """Offer one election to the box, for an organiser who waits; what is wrong with a box is left to `keep_box`."""
    if (epoch := ballot_box.read_epoch()) is not None:
        deliver(Election.objects.published().filter(pk=pk), epoch)
        for election in Election.objects.published().filter(pk=pk):
            bring_roll(election)


def _has_lost_data(epoch: str) -> bool:
    """Tell whether Redis lacks a ballot of this epoch that was counted: a shard is gone, or an older state is back."""
    if Epoch.objects.filter(name=epoch, reused_at__isnull=False).exists():
        return True
    tallies = list(Tally.objects.filter(epoch=epoch, last_serial__gt=0))
    shards = [(tally.election_id, tally.shard) for tally in tallies]
    # A primary that was cut off lacks what has been counted of the next one, and nothing is lost.
    found = ballot_box.read_rules(shards, "epoch", "held_epoch", "serial", confirmed=True)
    return any(
        # In another epoch serials begin again.
        (known or held) in (None, epoch.encode()) and int(serial or 0) < tally.last_serial
        for tally, [known, held, serial] in zip(tallies, found, strict=True)
    )


def _has_another_primary() -> bool:
    """Tell whether another server has been promoted, or the same one was started again, since the epoch began.

    It may lack what no replica had confirmed, or what another one had: an epoch of its own keeps its serials apart from
    those of the server before.
    """
    if not restoring.may_be_replaced():
        return False
    now, noted = restoring.find_primary()
    if not noted:
        restoring.note_primary(now)
    return bool(noted) and noted != now


def _has_shard_elsewhere(epoch: str) -> bool:
    """Tell whether a shard is in another epoch than the box, since healing has begun and not come to its end.

    In a cluster a shard in no epoch tells that its master alone has lost its data, if the box has taken its election.
    """
    taken = Election.objects.published().exclude(in_force="").values_list("pk", "shards")
    shards = [(election, shard) for election, number in taken for shard in range(number)]
    found = [known or held for known, held in ballot_box.read_rules(shards, "epoch", "held_epoch")]
    return any(one != epoch.encode() if one else settings.BALLOT_BOX_CLUSTER for one in found)


def _find_sealed(elections: list[Election]) -> list[Election]:
    """Return the elections of which the box has sealed any shard."""
    shards = [(election.pk, shard) for election in elections for shard in range(election.shards)]
    found = zip(shards, ballot_box.read_rules(shards, "sealed"), strict=True)
    sealed = {election for (election, _), [value] in found if value == b"1"}
    return [election for election in elections if election.pk in sealed]


def heal(lost: str | None = None, *, is_promoted: bool = False) -> None:
    """Restore the box from PostgreSQL, and begin a new epoch; after Unavailable the next call begins again.

    `lost` is the epoch of the box that has lost data, None if it was emptied. With `is_promoted` nothing is known to be
    lost, but another server has the box. If another worker has healed the box meanwhile, this does nothing.
    """
    with database.alone(*HEALING_LOCK) as alone:
        if alone and ballot_box.read_epoch() == lost:
            _heal(is_promoted)


def _heal(is_promoted: bool) -> None:
    epoch = secrets.token_hex(8)
    # Before anything is restored: if yet another server is promoted meanwhile, it is healed as well.
    primary = restoring.find_primary()[0] if restoring.may_be_replaced() else ""
    with transaction.atomic():
        first = not Epoch.objects.exists()
        Epoch.objects.create(name=epoch)
        restoring.begin(epoch)
        elections = list(Election.objects.published().prefetch_related("designs"))
        for election in elections:
            if election.archived_at is None:
                _restore_marks(election)
                _restore_marks_of_waiting(election)
        restore(elections, epoch)
        for election in elections:
            bring_roll(election)
        for election in elections:
            restoring.adopt(election.pk, election.shards, epoch)
    restoring.finish(epoch)
    # Noted last: if healing is interrupted, the next round finds another primary, and not a loss.
    if primary:
        restoring.note_primary(primary)
    if first:
        logger.info("the ballot box begins its first epoch, %s", epoch)
    elif is_promoted:
        logger.warning("the ballot box is on another primary, or that has started again: it begins epoch %s", epoch)
    else:
        logger.error("ALARM the ballot box had lost data; restored, in the new epoch %s. Run `reconcile`", epoch)


def _restore_marks(election: Election) -> None:
    """Restore each voter's mark from the ballot that counts, unless the box knows a later one."""
    rows = CountedBallot.objects.filter(election=election).order_by("shard")
    definition = Definition.of(election)
    marks: dict[int, list[str]] = {}
    for number, row in enumerate(rows.iterator(MARKS_CHUNK), start=1):
        mark = write_mark(row.ballot_id, definition.hash_marking(row.marking), "counted")
        marks.setdefault(row.shard, []).extend((row.voter_key, mark))
        if number % MARKS_CHUNK == 0:
            _remember(election, marks)
            logger.info("%s: %s voters restored", election.slug, number)
    _remember(election, marks)


def _restore_marks_of_waiting(election: Election) -> None:
    """Restore the marks of ballots that wait: a box that came back from a backup has these ballots, and no marks.

    Their voters would be taken for new ones, and in an election in which votes are final could vote again.
    """
    definition = Definition.of(election)
    for shard in range(election.shards):
        after: str | None = None
        while entries := inbox.read(election.pk, shard, after=after, limit=MARKS_CHUNK):
            after = entries[-1].id
            marks: list[str] = []
            for entry in entries:
                # What cannot be read is set aside by the count, or waits for a newer release.
                with suppress(UnreadableEntry, NewerWireVersion):
                    ballot = Ballot.from_wire(entry.fields)
                    hashed = definition.hash_marking(ballot.marking)
                    marks += [ballot.voter_key, write_mark(ballot.ballot_id, hashed, ACCEPTED)]
            if marks:
                restoring.remember(election.pk, shard, marks)


def _remember(election: Election, marks: dict[int, list[str]]) -> None:
    """Restore `marks`, which has by shard voter key and mark in turn, and is empty afterwards."""
    while marks:
        shard, arguments = marks.popitem()
        restoring.remember(election.pk, shard, arguments)
