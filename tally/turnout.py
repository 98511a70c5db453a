"""Who of a roll has voted, and how many that is of how many: noted by the worker from time to time.

The flag of a roll entry is never set at the moment of a vote. A *pass* goes over all entries that have none, derives
their voter keys, and looks which of these count. It goes in turns of about a second, so that ballots are counted
meanwhile, and at its end adds up who is entitled. There is no pass while nothing has changed, and the next one begins a
minute after the last at the earliest. Once an election is closed, it becomes final after one more pass.
"""

import datetime as dt
import json
import logging
import time

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from polls.definition import Definition
from polls.delivery import with_secrets
from polls.life import HAS_RESULT, State
from polls.models import Election, Eligibility, RollEntry
from polls.outages import is_outage
from polls.voters import derive_voter

from . import groups_shown, outcomes, store
from .announce import announce
from .groups_shown import Combination
from .models import Tally, Turnout

logger = logging.getLogger(__name__)

# Seconds from one pass to the next, and how many times as long as a pass itself that is at least.
REST_S = 60.0
REST = 20
# Seconds of a turn, after which others get theirs.
TURN_S = 1.0
# Entries that are looked at at once.
CHUNK = 5000
# With the number of an election, the advisory lock of its turnout; shards are locked by (election, shard).
TURNOUT_LOCK = -1

_WITH_TURNOUT = (State.PUBLISHED, State.CLOSED, State.FINAL)

# PostgreSQL's statistics count each change of a table, whoever made it, and say with it whether the table is the same.
_ROLL_STATE = """
    SELECT concat_ws(':', pg_relation_filenode(relid), n_tup_ins, n_tup_upd, n_tup_del) FROM pg_stat_user_tables
    WHERE schemaname = current_schema() AND relname = 'polls_rollentry'
"""
# Who was struck after voting was entitled then, and the vote stands.
_ENTITLED = "election_id = %(election)s AND (struck_at IS NULL OR voted)"


def note_all(*, now: dt.datetime | None = None) -> None:
    """Do a turn for each election of which the turnout is to be noted anew.

    An election that fails is logged and does not keep the others waiting.
    """
    # One that the ballot box has not taken yet has no paper by which an outcome could be made.
    elections = Election.objects.filter(eligibility=Eligibility.ROLL, state__in=_WITH_TURNOUT).exclude(in_force="")
    for election in elections.select_related("turnout").prefetch_related("designs").annotate(counted=_counted()):
        try:
            if _is_due(election, election.counted, now or timezone.now()):
                note(election, now=now)
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("ALARM %s: its turnout cannot be noted", election.slug)


def bring_up_to_date(election: Election, *, now: dt.datetime | None = None) -> bool:
    """Do a turn for a closed election; return whether all is noted, so that it may become final.

    Where there is no roll, there is nothing to note.
    """
    if election.eligibility != Eligibility.ROLL:
        return True
    row = note(election, now=now, since=election.sealed_at)
    return row is not None and row.after is None


def note(election: Election, *, now: dt.datetime | None = None, since: dt.datetime | None = None) -> Turnout | None:
    """Do a turn of the pass that is under way, or begin one; return where it is, None if another worker is at it.

    With `since` a pass that began earlier is no use; one that has ended stays good if no ballot was counted since.
    """
    now = now or timezone.now()
    with store.alone(TURNOUT_LOCK, election.pk) as alone:
        if not alone:
            return None
        counted = Election.objects.filter(pk=election.pk).values_list(_counted(), flat=True).get()
        row, _made = Turnout.objects.get_or_create(election=election)
        is_stale = since is not None and (row.began_at is None or row.began_at < since)
        is_whole = row.after is None and (row.version, row.design) == (counted, election.in_force)
        if since is not None and not is_stale and is_whole:
            return row
        if row.after is None or is_stale:
            row.began_at, row.version, row.design, row.roll = now, counted, election.in_force, _roll_state()
            row.after, row.seconds = -1, 0.0
        started = time.monotonic()
        row.after = _flag(election, row.after, until=started + TURN_S)
        row.seconds += time.monotonic() - started
        if row.after is None:
            _finish(election, row, started)
        else:
            row.save()
        return row


def _is_due(election: Election, counted: int, now: dt.datetime) -> bool:
    """Tell whether a pass is under way, or has to begin: if something has changed, and the last one is long ago."""
    row: Turnout | None = getattr(election, "turnout", None)
    if row is None or row.began_at is None or row.after is not None or row.design != election.in_force:
        return True
    # Once it is over, nobody changes its roll; what the statistics count is of other elections.
    is_over = election.state in HAS_RESULT
    if row.version == counted and (is_over or row.roll == _roll_state()):
        return False
    return row.began_at + dt.timedelta(seconds=max(REST_S, REST * row.seconds)) <= now


def _counted() -> Coalesce:
    """Return the version of the count, as an expression."""
    totals = Tally.objects.filter(election=OuterRef("pk")).order_by().values("election").annotate(total=Sum("version"))
    return Coalesce(Subquery(totals.values("total")), 0, output_field=BigIntegerField())


def _roll_state() -> str:
    [(state,)] = store.run(_ROLL_STATE, [])
    return str(state)


def _flag(election: Election, after: int, *, until: float) -> int | None:
    """Flag who has voted, by number of their entries from `after` on; return the last one seen, None at the end."""
    [definition] = with_secrets([Definition.of(election)])
    entries = RollEntry.objects.filter(election=election)
    unflagged = entries.filter(voted=False).order_by("number").values_list("number", flat=True)
    while numbers := list(unflagged.filter(number__gt=after)[:CHUNK]):
        by_key = {derive_voter(definition, f"roll:{number}").key: number for number in numbers}
        voted = [by_key[key] for key in store.find_voters(election.pk, by_key)]
        if voted:
            entries.filter(number__in=voted).update(voted=True)
        after = numbers[-1]
        if time.monotonic() >= until:
            return after
    return None


def _finish(election: Election, row: Turnout, started: float) -> None:
    """Add up who is entitled, and store it; what that changes is shown."""
    before = row.shown
    where = {"election": election.pk}
    [(row.entitled, row.weight, heaviest)] = store.run(
        f"SELECT count(*), coalesce(sum(weight), 0)::bigint, coalesce(max(weight), 1) FROM polls_rollentry"
        f" WHERE {_ENTITLED}",
        where,
    )
    row.is_weighted = heaviest > 1
    contests = Definition.of(election).contests
    row.contests = {one.key: _weight_of(election, one.groups) for one in contests if one.groups}
    combinations = store.run(
        f"SELECT groups, count(*), count(*) FILTER (WHERE voted) FROM polls_rollentry"
        f" WHERE {_ENTITLED} GROUP BY groups LIMIT %(most)s",
        where | {"most": groups_shown.MOST_COMBINATIONS + 1},
    )
    row.groups = groups_shown.choose(
        [Combination(frozenset(json.loads(groups)), entitled, voted) for groups, entitled, voted in combinations],
        [frozenset(one.groups) for one in contests if one.groups],
        settings.TURNOUT_SMALLEST_GROUP,
    )
    row.seconds += time.monotonic() - started
    row.is_known = True
    has_changed = row.shown != before
    with transaction.atomic():
        if has_changed:
            # Pages draw a version only once.
            store.lock(election.pk, 0)
            tally = store.load_tally(election.pk, 0)
            tally.version += 1
            tally.save(update_fields=["version"])
            row.version += 1
        row.save()
    if has_changed and outcomes.renew(election.pk):
        announce(election.pk)


def _weight_of(election: Election, groups: tuple[str, ...]) -> int:
    """Return the votes of all who are in any of these groups."""
    [(weight,)] = store.run(
        f"SELECT coalesce(sum(weight), 0)::bigint FROM polls_rollentry WHERE {_ENTITLED} AND groups ?| %(groups)s",
        {"election": election.pk, "groups": list(groups)},
    )
    return int(weight)
