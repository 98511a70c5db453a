"""Whether reading the results costs more when there are more ballots, and what a long paper costs."""

import time
from collections.abc import Iterator

from .figure import Figure, percentile
from .papers import ONE_CONTEST, Paper, new_election, paper_of
from .stand import Stand

LOOKS = 300
FEW = 1000
# The longest paper that is allowed.
CONTESTS, OPTIONS = 50, 20


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the time of one snapshot of many ballots and of many contests, beside 1,000 ballots of one contest."""
    reference = make_ballots(FEW)
    long = make_ballots(FEW, paper_of(CONTESTS, OPTIONS))
    few, many = look(reference), look(long)
    yield Figure(
        f"snapshot of {CONTESTS} contests with {CONTESTS * OPTIONS:,} options",
        many * 1000,
        "ms",
        few * 1000,
        "snapshot of one contest with two options",
        less_is_better=True,
        goal="3 times the ceiling",
        reached=many <= 3 * few,
        note=f"median of {LOOKS}; {FEW:,} ballots each; {frame_size(long) / 1000:.0f} kB as a frame",
    )
    sizes = (100_000,) if quick else (1_000_000, 10_000_000)
    elections = {size: make_ballots(size) for size in sizes}
    for size in sizes:
        few, many = look(reference), look(elections[size])
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


def make_ballots(number: int, paper: Paper = ONE_CONTEST) -> int:
    """Make an election with `number` counted ballots, in SQL; return its number."""
    from django.db import connection

    from tally.models import Tally
    from tally.outcomes import make_outcome

    election = new_election(f"dashboard-{number}-{len(paper)}", paper)
    if Tally.objects.filter(election=election).exists():
        return int(election.pk)
    # All contests have the same options.
    options = next(iter(paper.values()))
    values = {"election": election.pk, "number": number, "contests": list(paper), "options": list(options)}
    with connection.cursor() as cursor:
        for statement in (
            """
            INSERT INTO tally_castrecord
                (election_id, shard, voter_key, ballot_id, marking, epoch, serial, accepted_at)
            SELECT %(election)s, 0, lpad(n::text, 22, 'v'), gen_random_uuid(),
                (
                    SELECT string_agg(key || '=' || options[1 + (n + at) %% cardinality(options)], ';' ORDER BY at)
                    FROM unnest(%(contests)s::text[]) WITH ORDINALITY AS contest (key, at)
                ),
                'bench', n, now() - n * interval '1 second' / 1000
            FROM generate_series(1, %(number)s) AS n, CAST(%(options)s AS text[]) AS options
            """,
            """
            INSERT INTO tally_countedballot (election_id, shard, voter_key, ballot_id, marking)
            SELECT election_id, shard, voter_key, ballot_id, marking FROM tally_castrecord
            WHERE election_id = %(election)s
            """,
            """
            INSERT INTO tally_count (election_id, shard, key, n)
            SELECT election_id, shard, replace(part, '=', ':'), count(*)
            FROM tally_countedballot, unnest(string_to_array(marking, ';')) AS part
            WHERE election_id = %(election)s GROUP BY 1, 2, 3
            """,
            """
            INSERT INTO tally_tally (election_id, shard, version, ballots, epoch, last_serial)
            VALUES (%(election)s, 0, %(number)s, %(number)s, 'bench', %(number)s)
            """,
            "VACUUM ANALYZE tally_castrecord, tally_countedballot, tally_count, tally_tally",
        ):
            cursor.execute(statement, values)
    make_outcome(election.pk)
    return int(election.pk)


def frame_size(election: int) -> int:
    """Return the bytes of a frame."""
    from polls.models import Election
    from results.snapshot import read_snapshots

    [snapshot] = read_snapshots(Election.objects.filter(pk=election))
    return len(snapshot.to_json().encode())


def look(election: int) -> float:
    """Return the median seconds of reading one snapshot, and writing it as a frame."""
    from polls.models import Election
    from results import snapshot as snapshots
    from results.snapshot import read_snapshots

    times = []
    for _ in range(LOOKS):
        # As after a change: of an outcome that is known already there is less to do.
        snapshots._kept.clear()
        started = time.perf_counter()
        [snapshot] = read_snapshots(Election.objects.filter(pk=election))
        snapshot.to_json()
        times.append(time.perf_counter() - started)
    assert snapshot.ballots
    return percentile(times, 0.5)
