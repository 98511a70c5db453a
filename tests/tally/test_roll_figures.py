"""How long a large roll takes: healing one of a million entries."""

import resource
import time

import pytest
from django.db import connection

from polls import ballot_box
from polls.models import Roll
from tally import healing

ENTRIES = 1_000_000


@pytest.mark.full
@pytest.mark.long
def test_a_roll_of_a_million_is_healed_within_a_minute(make_election, redis, tell):
    election = make_election(eligibility="roll")
    Roll.objects.create(election=election, revision=1, last_number=ENTRIES)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO polls_rollentry (election_id, number, name, groups, weight, email, member_number, code_hash,"
            " issue, voted, revision) SELECT %s, n, 'Somebody ' || n, '[]', 1, '', '', left(md5(n::text), 22), 1,"
            " false, 1 FROM generate_series(1, %s) AS n",
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
