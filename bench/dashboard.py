"""Whether one look at the results costs more when there are more ballots."""

import time
from collections.abc import Iterator

from .counting import new_election
from .figure import Figure, percentile
from .stand import Stand

LOOKS = 300


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the time of one snapshot over many ballots, beside that over 1,000."""
    sizes = (1000, 100_000) if quick else (1000, 1_000_000, 10_000_000)
    elections = {size: make_ballots(size) for size in sizes}
    for size in sizes[1:]:
        few, many = look(elections[1000]), look(elections[size])
        yield Figure(
            f"snapshot of {size:,} ballots",
            many * 1000,
            "ms",
            few * 1000,
            "snapshot of 1,000 ballots",
            less_is_better=True,
            goal="1.2 times the ceiling",
            reached=many <= 1.2 * few,
            note=f"median of {LOOKS}",
        )


def make_ballots(number: int) -> int:
    """Make an election with `number` counted ballots, in SQL; return its number."""
    from django.db import connection

    election = new_election(f"dashboard-{number}", 1)
    with connection.cursor() as cursor:
        for statement in (
            """
            INSERT INTO tally_castrecord
                (election_id, shard, voter_key, ballot_id, marking, epoch, serial, accepted_at)
            SELECT %(election)s, 0, lpad(n::text, 22, 'v'), gen_random_uuid(),
                CASE n %% 2 WHEN 0 THEN 'nesquik' ELSE 'cola-cao' END, 'bench', n,
                now() - n * interval '1 second' / 1000
            FROM generate_series(1, %(number)s) AS n
            """,
            """
            INSERT INTO tally_countedballot (election_id, shard, voter_key, ballot_id, marking)
            SELECT election_id, shard, voter_key, ballot_id, marking FROM tally_castrecord
            WHERE election_id = %(election)s
            """,
            """
            INSERT INTO tally_count (election_id, shard, key, n)
            SELECT election_id, shard, marking, count(*) FROM tally_countedballot
            WHERE election_id = %(election)s GROUP BY 1, 2, 3
            """,
            """
            INSERT INTO tally_tally (election_id, shard, version, ballots, epoch, last_serial)
            VALUES (%(election)s, 0, %(number)s, %(number)s, 'bench', %(number)s)
            """,
            "VACUUM ANALYZE tally_castrecord, tally_countedballot, tally_count, tally_tally",
        ):
            cursor.execute(statement, {"election": election.pk, "number": number})
    return int(election.pk)


def look(election: int) -> float:
    """Return the median seconds of reading one snapshot."""
    from polls.models import Election
    from results.snapshot import read_snapshots

    times = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        [snapshot] = read_snapshots(Election.objects.filter(pk=election))
        times.append(time.perf_counter() - started)
    assert snapshot.ballots
    return percentile(times, 0.5)
