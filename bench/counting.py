"""How fast waiting ballots are counted, beside a bare INSERT of the same rows."""

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from .figure import Figure
from .papers import new_election, paper_of
from .stand import MEASURED, REST, Role, Stand, wait_until

if TYPE_CHECKING:
    from polls.models import Election

# One row of the box: voter key, ballot id, marking.
Cast = tuple[str, UUID, str]
BATCH = 2000
OPTIONS = 10


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield counted ballots in a second by one worker process, and how rankings, and two shards, compare."""
    number = 20_000 if quick else 200_000
    insert = bare_insert(stand, number)
    one = drain(stand, new_drained(), make_votes(number), processes=1, worker=MEASURED, servers=REST)
    yield Figure(
        "counted ballots",
        one,
        "ballots/s",
        insert,
        f"bare INSERT … ON CONFLICT of the same rows, {BATCH} at a time",
        goal="0.35 of the ceiling and 20,000 ballots/s",
        reached=one >= 0.35 * insert and one >= 20_000,
        note=f"{number:,} waiting ballots, half of them changed votes; one worker process",
    )
    paper = paper_of(1, OPTIONS)
    stv = new_election(f"drain-{time.monotonic_ns()}", paper, method="stv", seats=3)
    rankings = make_votes(number, rank_by_lot(paper["q1"]))
    ranked = drain(stand, stv, rankings, processes=1, worker=MEASURED, servers=REST)
    yield Figure(
        f"counted ballots, {OPTIONS} options ranked",
        ranked,
        "ballots/s",
        one,
        "one of two options chosen",
        note="STV; nearly all rankings are different, and outcomes are made on the way",
    )
    all_on_one = drain(stand, new_drained(), make_votes(number), processes=1, worker=MEASURED, servers=MEASURED)
    both = [*dict.fromkeys([*MEASURED, *REST])]
    two = drain(stand, new_drained(shards=2), make_votes(number), processes=2, worker=both, servers=both)
    yield Figure(
        "counted ballots, two shards on two cores",
        two,
        "ballots/s",
        2 * all_on_one,
        "twice one shard with its worker and its PostgreSQL on one core",
        goal="1.6 times one shard",
        reached=two >= 1.6 * all_on_one,
        note=f"one shard on one core: {all_on_one:,.0f} ballots/s",
    )


def new_drained(shards: int = 1) -> "Election":
    """Publish an election of one contest with two options."""
    return new_election(f"drain-{time.monotonic_ns()}", shards=shards)


def choose_in_turn(index: int) -> str:
    """Return the marking of a voter of this number: one option and the other in turn."""
    return ("q1=nesquik", "q1=cola-cao")[index % 2]


def rank_by_lot(options: Sequence[str]) -> Callable[[int], str]:
    """Return a function that gives each voter a ranking of all options; nearly all of them are different."""
    pick = Random(len(options))
    return lambda _index: "q1=" + ">".join(pick.sample(options, len(options)))


def make_votes(number: int, mark: Callable[[int], str] = choose_in_turn) -> list[Cast]:
    """Return `number` ballots in order of acceptance; the second half changes the votes of the first."""
    from polls import ballots, voters

    now = int(time.time() * 1000)
    keys = [voters.new_visitor() for _ in range(number // 2)]
    return [
        (key, ballots.new_ballot_id(now + turn * number + index), mark(index + turn))
        for turn in (0, 1)
        for index, key in enumerate(keys)
    ]


def fill_box(election: "Election", casts: Sequence[Cast]) -> None:
    """Put ballots into the box, with all that `cast.lua` writes, many at a time."""
    from polls import ballot_box
    from polls.ballots import WIRE_VERSION
    from polls.definition import Definition
    from polls.voters import shard_of

    client = ballot_box.connection.client()
    definition, epoch = Definition.of(election), ballot_box.read_epoch()
    serials = dict.fromkeys(range(election.shards), 0)
    now = int(time.time() * 1000)
    for start in range(0, len(casts), BATCH):
        with client.pipeline(transaction=False) as pipe:
            for voter, ballot_id, marking in casts[start : start + BATCH]:
                shard = shard_of(voter, election.shards)
                serials[shard] += 1
                fields = {"v": WIRE_VERSION, "epoch": epoch, "serial": serials[shard], "at": now}
                fields |= {"voter": voter, "ballot": str(ballot_id), "design": definition.design, "marking": marking}
                fields["weight"] = 1
                pipe.xadd(ballot_box.key(election.pk, shard, "ballots"), fields)
                mark = ballot_box.write_mark(ballot_id, definition.hash_marking(marking), "accepted")
                pipe.hset(ballot_box.key(election.pk, shard, "voters"), voter, mark)
            for shard, serial in serials.items():
                pipe.hset(ballot_box.key(election.pk, shard, "rules"), "serial", serial)
            pipe.execute()


def drain(
    stand: Stand,
    election: "Election",
    casts: Sequence[Cast],
    *,
    processes: int,
    worker: Sequence[int],
    servers: Sequence[int],
    look: Callable[[Role], None] = lambda _: None,
) -> float:
    """Return the ballots a second that a worker counts from a full box, by its own tasks; meanwhile call `look`."""
    from celery import current_app

    from polls import ballot_box
    from tally.models import CountedBallot, Tally

    fill_box(election, casts)
    stand.place_servers(servers)
    for shard in range(election.shards):
        current_app.send_task("tally.drain", (election.pk, shard))

    def waiting() -> int:
        return ballot_box.count_waiting([(election.pk, election.shards)])[election.pk]

    with stand.role("worker", cores=worker, options=("--processes", str(processes))) as role:

        def is_over() -> bool:
            look(role)
            return role.process.poll() is not None or not waiting()

        # Measured from the end of the first batch to the end of the last, without the start of the worker.
        wait_until(lambda: waiting() < len(casts), "counting begins", pause=0.005)
        started, left = time.perf_counter(), waiting()
        # A short run is over in less than a second.
        wait_until(is_over, "all is counted", seconds=300, pause=0.01)
        seconds = time.perf_counter() - started
    stand.place_servers(REST)
    counted = sum(Tally.objects.filter(election=election).values_list("ballots", flat=True))
    voters = len({voter for voter, _, _ in casts})
    assert counted == CountedBallot.objects.filter(election=election).count() == voters
    return left / seconds


def bare_insert(stand: Stand, number: int) -> float:
    """Return the rows a second that one connection inserts into the table of cast records."""
    from django.db import connection, transaction

    election = new_election(f"insert-{time.monotonic_ns()}")
    casts = make_votes(number)
    stand.place_servers(REST)
    batches = []
    for start in range(0, number, BATCH):
        batch = casts[start : start + BATCH]
        batches.append(
            [
                [voter for voter, _, _ in batch],
                [str(ballot_id) for _, ballot_id, _ in batch],
                [marking for _, _, marking in batch],
                list(range(start + 1, start + 1 + len(batch))),
            ]
        )
    statement = f"""
        INSERT INTO tally_castrecord (election_id, shard, voter_key, ballot_id, marking, epoch, serial, accepted_at)
        SELECT {election.pk}, 0, voter_key, ballot_id, marking, 'bench', serial, now()
        FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::bigint[]) AS row (voter_key, ballot_id, marking, serial)
        ON CONFLICT DO NOTHING
    """
    started = time.perf_counter()
    for batch in batches:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, batch)
    return number / (time.perf_counter() - started)
