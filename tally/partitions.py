"""The partitions of the tables of ballots: one that elections share, and one of its own for an election that has many.

A partition of its own is made, dumped and dropped without the rows of any other election. Only the owner of the
database makes and drops them: while a worker counts no right to change tables is needed (migration `0021_partitions`).
Nobody but the worker waits for that; people vote on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg2.errors import LockNotAvailable

from polls.life import State
from polls.models import Election

from . import store

TABLES = ("tally_castrecord", "tally_countedballot")
SHARED = "shared"

# Behind a statement that waits for a table all others wait as well, so that it gives up after this long, and tries
# again later. It is less than the second after which PostgreSQL looks for a deadlock.
_PATIENCE_MS = 800
_PAUSE_S = 2.0
_ATTEMPTS = 100

Say = Callable[[str], None]


class NotPartitioned(Exception):
    """It cannot be done now; the message says why."""


def name_partition(table: str, election: int | None = None) -> str:
    """Name the partition of an election, or the shared one."""
    return f"{table}_{election or SHARED}"


def find_own() -> set[int]:
    """Return the elections that have a partition of their own."""
    rows = store.run("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [TABLES[0]])
    found = {name.rpartition("_")[2] for (name,) in rows}
    return {int(election) for election in found - {SHARED}}


def measure(election: int | None = None) -> int:
    """Return how many bytes the partitions of an election, or the shared ones, take on the disk with their indexes."""
    names = [name_partition(table, election) for table in TABLES]
    [(size,)] = store.run("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s) AS name", [names])
    return int(size)


def give_own(election: Election, say: Say) -> int:
    """Give an election partitions of its own, move its ballots there, and return how many cast records these are.

    Its own count waits until that is done. That of all others waits while PostgreSQL reads the shared partitions once,
    to see that no row of the election is left there. All of it is one transaction. Raises NotPartitioned.
    """
    with transaction.atomic(durable=True):
        for shard in range(election.shards):
            store.lock(election.pk, shard)
        # Behind the locks, so that two that do this at once do it once.
        if election.pk in find_own():
            raise NotPartitioned(f"{election.slug} has a partition of its own.")
        if Election.objects.get(pk=election.pk).state == State.CERTIFIED:
            raise NotPartitioned(f"{election.slug} is certified, and has no ballots in these tables any more.")
        moved = [_move(table, election.pk) for table in TABLES]
        say(f"{moved[0]} cast records and {moved[1]} counted ballots are copied")
        with _alone_with([name_partition(table) for table in TABLES], say):
            for table in TABLES:
                own = name_partition(table, election.pk)
                store.run(f"ALTER TABLE {table} ATTACH PARTITION {own} FOR VALUES IN ({election.pk})", [])
    return moved[0]


def drop_emptied(say: Say) -> Iterator[int]:
    """Drop the partitions of certified elections, which have no rows any more; yield these elections."""
    certified = Election.objects.filter(pk__in=find_own(), state=State.CERTIFIED)
    for election in certified.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic(durable=True), _alone_with([f"ONLY {table}" for table in TABLES], say):
            own = [name_partition(table, election) for table in TABLES]
            if any(_has_rows(name) for name in own):
                say(f"{' and '.join(own)} have rows, and stay")
                continue
            store.run(f"DROP TABLE {', '.join(own)}", [])
        yield election


def _has_rows(table: str) -> bool:
    [(has_rows,)] = store.run(f"SELECT EXISTS (SELECT FROM {table})", [])
    return bool(has_rows)


def _move(table: str, election: int) -> int:
    """Move the rows of an election from the shared partition to a new table like it; return how many."""
    shared, own = name_partition(table), name_partition(table, election)
    # With this check the new partition need not be read once more.
    store.run(
        f"""
        CREATE TABLE {own} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY);
        ALTER TABLE {own} ADD CONSTRAINT {own}_election CHECK (election_id = {election}), ENABLE ROW LEVEL SECURITY;
        """,
        [],
    )
    store.run(f"INSERT INTO {own} SELECT * FROM {shared} WHERE election_id = %s", [election])
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {shared} WHERE election_id = %s", [election])
        return cursor.rowcount


@contextmanager
def _alone_with(tables: list[str], say: Say) -> Iterator[None]:
    """Lock out everybody else from these tables until the transaction ends; raises NotPartitioned if somebody stays."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                store.run("SET LOCAL lock_timeout = %s", [_PATIENCE_MS])
                store.run(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE", [])
                store.run("SET LOCAL lock_timeout = 0", [])
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
        else:
            break
        if attempt == 1:
            say("waiting for others who read the ballots, as a recount does")
        time.sleep(_PAUSE_S)
    else:
        raise NotPartitioned("Others go on reading the ballots. Nothing was changed. Try again later.")
    yield
