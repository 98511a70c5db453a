"""Watch the account of every election: look at it every few seconds, and balance it when that is due.

A look costs the same for any number of ballots. It compares the serials that the box has given with what is counted
and what waits, and notices deleted and changed rows in the tables of ballots. If a look sees anything odd, the whole
account is balanced at once. Otherwise it is balanced as often as SHARE of the time allows.
"""

import datetime as dt
import logging
import time
from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from polls.ballot_box.status import Look, look_at
from polls.life import HAS_RESULT, State
from polls.models import Election

from .. import partitions, store
from ..models import Reconciliation, Tally
from .reconcile import Account, reconcile_shard

logger = logging.getLogger(__name__)

# The shortest time between two balances of one account, in seconds. It is below the 5 s between two ticks, because a
# balance ends a little after its tick, and would miss the next one. Final elections do not change any more.
SHORTEST_CYCLE = 4
FINAL_CYCLE = 3600
# The share of the time that balancing may take.
SHARE = 0.05
# A look older than this (seconds) means that the worker or beat does not run.
STALE_AFTER = 30
# The advisory lock of balancing; healing has (0, 0), and elections count from 1.
BALANCE_LOCK = (0, 1)

# Records are written once. PostgreSQL's statistics count deleted and updated rows, whoever changed them; a truncated
# table gets another file. After a crash the statistics begin at 0 again, which costs one more balance.
_NOW_AND_TABLES = """
    SELECT clock_timestamp(), json_object_agg(relname, concat_ws(':', pg_relation_filenode(relid), n_tup_del,
        CASE WHEN NOT starts_with(relname, 'tally_countedballot') THEN n_tup_upd END))
    FROM pg_stat_user_tables WHERE schemaname = current_schema()
        AND relname ~ '^tally_(rejectedballot|(castrecord|countedballot)_(shared|[0-9]+))$'
"""

Place = tuple[int, int]


def check_accounts() -> None:
    """Look at every published election, and balance the accounts that are odd or due; raises Unavailable.

    The account of a certified election is closed.
    """
    elections = {election.pk: election for election in Election.objects.published().exclude(state=State.CERTIFIED)}
    kept: dict[Place, list[Reconciliation]] = {}
    for one in Reconciliation.objects.filter(election__in=elections):
        kept.setdefault((one.election_id, one.shard), []).append(one)
    shards = [(election.pk, shard) for election in elections.values() for shard in range(election.shards)]
    # A serial that no replica has may be lost with the primary, and its ballot was never said to be accepted.
    looks = look_at(shards, confirmed=True)
    # Read after the look: a ballot that has left the box by then is committed.
    tallies = {(tally.election_id, tally.shard): tally for tally in Tally.objects.filter(election__in=elections)}
    [(now, changes)] = store.run(_NOW_AND_TABLES, [])

    live, final = _cycles(elections, kept)
    wanted = []
    for (election, shard), look in looks.items():
        tables = _tell_tables(changes, election)
        # A box without an epoch is empty or being restored, and says nothing. Its last look gets older meanwhile.
        if not look.epoch:
            continue
        rows = kept.get((election, shard), [])
        odd = not _is_complete(look, tallies.get((election, shard)))
        row = next((one for one in rows if one.epoch == look.epoch), None)
        cycle = final if elections[election].state in HAS_RESULT else live
        if row is None or (odd and not row.suspected) or row.tables != tables or row.balanced_at + cycle <= now:
            wanted.append((row.balanced_at if row else now, election, shard, tables))
        _note(rows, look, odd)
    if wanted:
        with store.alone(*BALANCE_LOCK) as alone:
            for _, election, shard, tables in sorted(wanted) if alone else ():
                balance(elections[election], shard, tables=tables)


def balance(election: Election, shard: int, *, tables: str = "") -> None:
    """Balance the accounts of one shard, keep them, and raise an alarm over each problem that is new."""
    started = time.monotonic()
    accounts = reconcile_shard(election, shard)
    seconds = (time.monotonic() - started) / max(1, len(accounts))
    for account in accounts:
        _keep(election, account, seconds, tables)


def acknowledge(row: Reconciliation, *, problems: list[str], who: str, now: dt.datetime | None = None) -> bool:
    """Store that `who` acknowledges `problems`; return False, and store nothing, if the account has others by now."""
    return bool(
        problems
        and Reconciliation.objects.filter(pk=row.pk, problems=problems).update(
            acknowledged=problems, acknowledged_by=who, acknowledged_at=now or timezone.now()
        )
    )


def _cycles(elections: dict[int, Election], kept: dict[Place, list[Reconciliation]]) -> tuple[dt.timedelta, ...]:
    """Return the time from one balance to the next, for elections that are not final and for final ones."""
    live = sum(row.seconds for (pk, _), rows in kept.items() for row in rows if elections[pk].state not in HAS_RESULT)
    every = sum(row.seconds for rows in kept.values() for row in rows)
    return (
        dt.timedelta(seconds=max(SHORTEST_CYCLE, live / SHARE)),
        dt.timedelta(seconds=max(FINAL_CYCLE, every / SHARE)),
    )


def _tell_tables(changes: Mapping[str, str], election: int) -> str:
    """Tell by one text whether rows were deleted or changed in the tables that hold the ballots of an election."""
    names = []
    for table in partitions.TABLES:
        own = partitions.name_partition(table, election)
        names.append(own if own in changes else partitions.name_partition(table))
    # Before the migration that divides them there are no such tables yet.
    return " ".join(f"{name}:{changes.get(name, '')}" for name in (*names, "tally_rejectedballot"))


def _is_complete(look: Look, tally: Tally | None) -> bool:
    return look.is_complete(tally.epoch if tally else "", tally.last_serial if tally else 0)


def _note(rows: list[Reconciliation], look: Look, odd: bool) -> None:
    """Store what a look saw of the accounts of one shard."""
    store.run(
        """
        UPDATE tally_reconciliation SET checked_at = clock_timestamp(),
            suspected = %(odd)s AND epoch = %(epoch)s,
            given = CASE WHEN epoch = %(epoch)s THEN greatest(given, %(last)s) ELSE given END
        WHERE id = ANY(%(rows)s)
        """,
        {"odd": odd, "epoch": look.epoch, "last": look.last, "rows": [row.pk for row in rows]},
    )


@transaction.atomic
def _keep(election: Election, account: Account, seconds: float, tables: str) -> None:
    place = {"election": election, "shard": account.shard, "epoch": account.epoch}
    Reconciliation.objects.get_or_create(**place, defaults={"balanced_at": Now(), "checked_at": Now()})
    row = Reconciliation.objects.select_for_update().get(**place)
    before, row.problems = row.problems, account.problems
    if row.is_alarming and row.problems != before:
        logger.error(
            "ALARM %s: the account of shard %s does not balance in epoch %s: %s",
            election.slug, account.shard, account.epoch, "; ".join(account.problems),
        )  # fmt: skip
    elif before and not account.problems:
        logger.warning("%s: the account of shard %s balances again", election.slug, account.shard)
    row.given = max(row.given, account.accepted)
    row.accepted, row.ballots = account.accepted, dict(account.ballots)
    row.balanced_at, row.checked_at = Now(), Now()
    row.seconds, row.tables = seconds, tables
    row.save(
        update_fields=[
            "given", "accepted", "ballots", "problems", "balanced_at", "checked_at", "seconds", "tables",
        ]
    )  # fmt: skip
