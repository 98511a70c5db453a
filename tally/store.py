"""The statements of the count in PostgreSQL: its locks, and the writing of a batch, in the transaction of drain.py.

Rows travel as arrays (`unnest`), so that a batch takes a handful of statements, however large it is.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connection, transaction

from polls.ballots import Ballot

from . import rows
from .counting import Counted
from .models import Heartbeat, RejectedBallot, Tally
from .rows import Rows


def try_lock(election: int, shard: int) -> bool:
    """Take the advisory lock of a shard until the transaction ends; False if another worker has it."""
    return _one("SELECT pg_try_advisory_xact_lock(%s, %s)", [election, shard])


def lock(election: int, shard: int) -> None:
    """Wait for the advisory lock of a shard, and keep it until the transaction ends."""
    run("SELECT pg_advisory_xact_lock(%s, %s)", [election, shard])


@contextmanager
def alone(first: int, second: int, *, wait: bool = False) -> Iterator[bool]:
    """Hold an advisory lock during the block, over several transactions.

    While another worker has it this waits for it, or yields False.
    """
    if wait:
        run("SELECT pg_advisory_lock(%s, %s)", [first, second])
    taken = wait or _one("SELECT pg_try_advisory_lock(%s, %s)", [first, second])
    try:
        yield taken
    finally:
        if taken:
            run("SELECT pg_advisory_unlock(%s, %s)", [first, second])


def keep_partitions() -> None:
    """Let no election get a partition until the transaction ends; in one of a single moment, before anything is read.

    Ballots that are moved after that moment would be in neither of the two partitions, as it sees them.
    """
    run("LOCK TABLE tally_castrecord, tally_countedballot IN ACCESS SHARE MODE", [])


def load_tally(election: int, shard: int) -> Tally:
    """Return the tally of a shard; make it on first use."""
    return Tally.objects.get_or_create(election_id=election, shard=shard)[0]


_INSERT_CAST_RECORDS = """
    INSERT INTO tally_castrecord
        (election_id, shard, voter_key, ballot_id, marking, epoch, serial, accepted_at, weight)
    SELECT %(election)s, %(shard)s, voter_key, ballot_id, marking, coalesce(epoch, %(epoch)s), serial,
        to_timestamp(accepted_at / 1000.0::float8), coalesce(weight, 1)
    FROM unnest(%(voter_keys)s::text[], %(ballot_ids)s::uuid[], %(markings)s::text[], %(epochs)s::text[],
            %(serials)s::bigint[], %(accepted)s::bigint[], %(weights)s::bigint[])
        AS row (voter_key, ballot_id, marking, epoch, serial, accepted_at, weight)
"""


def insert_new_cast_records(election: int, shard: int, came: Rows) -> bool:
    """Record ballots of which none has a record; False if one has, and then none is recorded.

    That takes PostgreSQL two thirds of the time of `insert_cast_records`, which looks for a record of each one before.
    """
    try:
        with transaction.atomic():
            run(_INSERT_CAST_RECORDS, {"election": election, "shard": shard, **came._asdict()})
    except IntegrityError:
        return False
    return True


def insert_cast_records(election: int, shard: int, came: Rows) -> set[tuple[str, int]]:
    """Record ballots that have no record yet; return (epoch, serial) of those that are new.

    Of a ballot that is there twice the first one is recorded: PostgreSQL inserts in the order of the arrays.
    """
    found = run(
        f"""
        {_INSERT_CAST_RECORDS}
        ON CONFLICT (election_id, voter_key, ballot_id) DO NOTHING
        RETURNING epoch, serial
        """,
        {"election": election, "shard": shard, **came._asdict()},
    )
    return set(found)


def find_recorded(election: int, ballots: Sequence[Ballot]) -> set[tuple[str, int]]:
    """Return (epoch, serial) of those ballots whose record has exactly this place in the box."""
    if not ballots:
        return set()
    found = run(
        """
        SELECT record.epoch, record.serial FROM tally_castrecord AS record
        JOIN unnest(%s::text[], %s::uuid[], %s::text[], %s::bigint[]) AS row (voter_key, ballot_id, epoch, serial)
        USING (voter_key, ballot_id, epoch, serial)
        WHERE record.election_id = %s
        """,
        [
            [ballot.voter_key for ballot in ballots],
            [ballot.ballot_id for ballot in ballots],
            [ballot.epoch for ballot in ballots],
            [ballot.serial for ballot in ballots],
            election,
        ],
    )
    return set(found)


def note_reused_places(election: int, shard: int, ballots: Sequence[Ballot]) -> bool:
    """Tell whether any of these new ballots has the place of another ballot; if so, note it in the epoch."""
    if not ballots:
        return False
    found = run(
        """
        UPDATE polls_epoch SET reused_at = coalesce(reused_at, now()) WHERE name IN (
            SELECT row.epoch FROM unnest(%(epochs)s::text[], %(serials)s::bigint[], %(ballots)s::uuid[])
                AS row (epoch, serial, ballot_id)
            JOIN (
                SELECT epoch, serial, ballot_id FROM tally_castrecord
                WHERE election_id = %(election)s AND shard = %(shard)s
                UNION ALL
                SELECT epoch, serial, ballot_id FROM tally_rejectedballot
                WHERE election_id = %(election)s AND shard = %(shard)s
            ) AS known USING (epoch, serial)
            WHERE known.ballot_id IS DISTINCT FROM row.ballot_id
        ) RETURNING name
        """,
        {
            "election": election,
            "shard": shard,
            "epochs": [ballot.epoch for ballot in ballots],
            "serials": [ballot.serial for ballot in ballots],
            "ballots": [ballot.ballot_id for ballot in ballots],
        },
    )
    return bool(found)


def load_counted(election: int, voter_keys: Iterable[str]) -> dict[str, Counted]:
    """Return, by voter key, the ballot that counts now for each of these voters who has one."""
    found = run(
        """
        SELECT voter_key, ballot_id::text, marking, weight FROM tally_countedballot
        WHERE election_id = %s AND voter_key = ANY(%s::text[])
        """,
        [election, rows.array(voter_keys)],
    )
    return {row[0]: Counted._make(row[1:]) for row in found}


def find_voters(election: int, voter_keys: Iterable[str]) -> list[str]:
    """Return those of these voter keys of which a ballot counts."""
    found = run(
        "SELECT voter_key FROM tally_countedballot WHERE election_id = %s AND voter_key = ANY(%s::text[])",
        [election, rows.array(voter_keys)],
    )
    return [voter_key for (voter_key,) in found]


def save_counted(
    election: int, shard: int, counted: Mapping[str, Counted], standing: Container[str] = frozenset()
) -> None:
    """Store that these ballots count now for their voters; those in `standing` have one that counts already.

    `load_counted` has told them apart under the same lock. PostgreSQL need not look for a row of the others, and if
    there is one nevertheless it refuses the batch.
    """
    sql = """
        INSERT INTO tally_countedballot (election_id, shard, voter_key, ballot_id, marking, weight)
        SELECT %s, %s, voter_key, ballot_id, marking, coalesce(weight, 1)
        FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::bigint[]) AS row (voter_key, ballot_id, marking, weight)
    """
    changed = {voter_key: one for voter_key, one in counted.items() if voter_key in standing}
    if len(changed) < len(counted):
        new = {voter_key: one for voter_key, one in counted.items() if voter_key not in changed} if changed else counted
        run(sql, [election, shard, *rows.write_counted(new)])
    if changed:
        run(
            f"""
            {sql} ON CONFLICT (election_id, voter_key)
            DO UPDATE SET ballot_id = excluded.ballot_id, marking = excluded.marking, shard = excluded.shard,
                weight = excluded.weight
            """,
            [election, shard, *rows.write_counted(changed)],
        )


def add_to_counts(election: int, shard: int, deltas: Counter[str]) -> None:
    """Add the deltas to the counts of a shard; the database refuses a count below zero."""
    # The rows are made first: with ON CONFLICT a negative delta would be checked as if it were a count.
    run(
        """
        INSERT INTO tally_count (election_id, shard, key, n) SELECT %s, %s, key, 0 FROM unnest(%s::text[]) AS key
        ON CONFLICT (election_id, shard, key) DO NOTHING
        """,
        [election, shard, list(deltas)],
    )
    run(
        """
        UPDATE tally_count SET n = tally_count.n + delta.n
        FROM unnest(%s::text[], %s::bigint[]) AS delta (key, n)
        WHERE election_id = %s AND shard = %s AND tally_count.key = delta.key
        """,
        [list(deltas), list(deltas.values()), election, shard],
    )


def save_outcome(
    election: int,
    *,
    design: str,
    version: int,
    ballots: int,
    contests: list[dict[str, Any]] | None,
    shown: str,
    weight: int | None,
    turnout: dict[str, Any] | None,
    pace: Mapping[str, Any] | None,
    rest: int,
    result_revision: int,
    withheld: str,
) -> None:
    """Store an outcome, unless another worker has stored one of a newer version meanwhile."""
    run(
        """
        INSERT INTO tally_outcome
            (election_id, design, version, ballots, contests, rest, weight, turnout, pace, result_revision,
            shown, shown_of, withheld)
        VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)
        ON CONFLICT (election_id) DO UPDATE SET
            design = excluded.design, version = excluded.version,
            ballots = excluded.ballots, contests = excluded.contests, rest = excluded.rest,
            weight = excluded.weight, turnout = excluded.turnout, pace = excluded.pace,
            result_revision = excluded.result_revision, shown = excluded.shown, shown_of = excluded.shown_of,
            withheld = excluded.withheld
        WHERE (tally_outcome.version, tally_outcome.result_revision) <= (excluded.version, excluded.result_revision)
        """,
        [
            *(election, design, version, ballots, _json(contests)),
            *(rest, weight, _json(turnout), _json(pace), result_revision, shown),
            *(f"{version} {result_revision} {design}", withheld),
        ],
    )


def note_counted(election: int) -> None:
    """Note the version of the count beside an outcome that is not made of it yet."""
    run(
        """
        UPDATE tally_outcome SET counted_version = greatest(counted_version, total.version)
        FROM (SELECT sum(version) AS version FROM tally_tally WHERE election_id = %s) AS total WHERE election_id = %s
        """,
        [election, election],
    )


def save_heartbeat(box_time: int) -> None:
    """Replace the heartbeat of the database by one that began at a time of the box, in ms."""
    run(
        """
        INSERT INTO tally_heartbeat (id, at, box_time) VALUES (%s, clock_timestamp(), %s)
        ON CONFLICT (id) DO UPDATE SET at = clock_timestamp(), box_time = excluded.box_time
        """,
        [Heartbeat.ROW, box_time],
    )


def insert_certified(election: int, text: str, digest: str) -> None:
    """Store the certified result of an election; from then on its ballots may be deleted (see the migrations)."""
    run("INSERT INTO tally_certifiedresult (election_id, text, hash) VALUES (%s, %s, %s)", [election, text, digest])


def keep_anonymous_ballots(election: int) -> None:
    """Store the ballots that count without anything but markings and weights, in the order of these."""
    run(
        """
        INSERT INTO tally_anonymousballots (election_id, marking, weight, number)
        SELECT election_id, marking, weight, count(*) FROM tally_countedballot WHERE election_id = %s
        GROUP BY election_id, marking, weight ORDER BY marking, weight
        """,
        [election],
    )


def delete_certified(table: str, election: int) -> None:
    """Delete the rows of a certified election; the database keeps a worker from deleting those of any other."""
    run(f"DELETE FROM {table} WHERE election_id = %s", [election])


def save_rejected(rejected: Sequence[RejectedBallot]) -> list[RejectedBallot]:
    """Store what is set aside of one shard, once for each place in the box; return what is new."""
    if not rejected:
        return []
    found = run(
        """
        INSERT INTO tally_rejectedballot
            (election_id, shard, epoch, serial, entry, reason, detail, voter_key, ballot_id, payload, rejected_at)
        SELECT row.*, now()
        FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::uuid[], %s::jsonb[]) AS row
        ON CONFLICT DO NOTHING RETURNING entry
        """,
        [
            [one.election_id for one in rejected],
            [one.shard for one in rejected],
            [one.epoch for one in rejected],
            [one.serial for one in rejected],
            [one.entry for one in rejected],
            [one.reason for one in rejected],
            [one.detail for one in rejected],
            [one.voter_key for one in rejected],
            [str(one.ballot_id) if one.ballot_id else None for one in rejected],
            [json.dumps(one.payload) for one in rejected],
        ],
    )
    new = {entry for (entry,) in found}
    return [one for one in rejected if one.entry in new]


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def run(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def _one(sql: str, parameters: Sequence[Any]) -> Any:
    return run(sql, parameters)[0][0]
