"""What a large roll costs: healing one of a million entries, and voting with it."""

import resource
import time

import pytest
from django.db import connection

from polls import ballot_box
from polls.ballot_box import Verdict
from polls.ballots import new_ballot_id
from polls.definition import Definition
from polls.models import Roll
from polls.voters import derive_voter, roll_voter
from tally import healing
from tally.audit.rolls import compare
from tally.models import RollComparison

ENTRIES = 1_000_000


@pytest.mark.full
@pytest.mark.long
def test_a_roll_of_a_million_is_healed_within_a_minute(make_election, redis, tell):
    election = make_election(eligibility="roll")
    Roll.objects.create(election=election, revision=1, last_number=ENTRIES)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO polls_rollentry (election_id, number, name, groups, weight, email, member_number, subject,"
            " code_hash, issue, voted, revision) SELECT %s, n, 'Somebody ' || n, '[]', 1, '', '', '',"
            " left(md5(n::text), 22), 1, false, 1 FROM generate_series(1, %s) AS n",
            [election.pk, ENTRIES],
        )
    redis.flushall()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    healing.keep_box()
    seconds = time.monotonic() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    tell(f"healing a roll of {ENTRIES:,}: {seconds:.1f} s, {grown} MiB more memory")
    assert redis.hlen(ballot_box.key(election.pk, 0, "roll")) == ENTRIES
    assert seconds < 60
    assert grown < 100
    assert compare(election) == []
    tell(f"comparing it with the database: {RollComparison.objects.get().seconds:.1f} s")


@pytest.mark.full
@pytest.mark.long
def test_votes_with_a_roll_of_a_million_are_accepted_nearly_as_fast_as_without_one(define, redis, settings, tell):
    """In one process, a ballot after the other, in turns, so that whatever else the machine does slows down both."""
    settings.NEWCOMER_BURST = ENTRIES
    without = define()
    with_roll = define(election=2, slug="roll", eligibility="roll")
    redis.hset(ballot_box.key(2, 0, "rules"), "roll_revision", 1)
    pipe = redis.pipeline(transaction=False)
    for number in range(ENTRIES):
        pipe.hset(ballot_box.key(2, 0, "roll"), roll_voter(with_roll, number).key, "1 1 ")
        if number % 10_000 == 9_999:
            pipe.execute()
    seconds = {without: 0.0, with_roll: 0.0}
    for turn in range(20):
        for definition, started in ((one, time.perf_counter()) for one in seconds):
            cast_many(definition, range(turn * 500, turn * 500 + 500))
            seconds[definition] += time.perf_counter() - started
    share = seconds[without] / seconds[with_roll]
    tell(f"votes with a roll of {ENTRIES:,}: {share:.2f} of those without one, in 10,000 each")
    assert share >= 0.9


def cast_many(definition: Definition, numbers: range) -> None:
    for number in numbers:
        voter = roll_voter(definition, number, 1) if definition.has_roll else derive_voter(definition, str(number))
        reply = ballot_box.cast(
            definition,
            voter=voter,
            ballot_id=new_ballot_id(1),
            marking="q1=nesquik",
            design=definition.design,
            network="",
        )
        assert reply.verdict is Verdict.ACCEPTED
