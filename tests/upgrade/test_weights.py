"""A count of the release before weights, taken over: what it stored, what waits in its box, and its worker beside."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from results.views import get_snapshot
from tally import outcomes, store
from tally.drain import drain_all
from tally.models import StoredOutcome, Tally
from tests.conftest import voter_key
from tests.tally.audit.test_recount import run
from tests.tally.entries import put

pytestmark = pytest.mark.large

BEFORE_WEIGHTS = "0008"

# What a worker of that release writes for one ballot.
WRITE = """
    INSERT INTO tally_castrecord (election_id, shard, voter_key, ballot_id, marking, epoch, serial, accepted_at)
    VALUES (%(election)s, 0, %(voter)s, %(ballot)s, 'q1=nesquik', 'e0', %(serial)s, now());
    INSERT INTO tally_countedballot (election_id, shard, voter_key, ballot_id, marking)
    VALUES (%(election)s, 0, %(voter)s, %(ballot)s, 'q1=nesquik');
    INSERT INTO tally_count (election_id, shard, key, n) VALUES (%(election)s, 0, 'q1:nesquik', 1)
    ON CONFLICT (election_id, shard, key) DO UPDATE SET n = tally_count.n + 1;
    INSERT INTO tally_tally (election_id, shard, version, ballots, epoch, last_serial)
    VALUES (%(election)s, 0, 1, 1, 'e0', 1)
    ON CONFLICT (election_id, shard) DO UPDATE SET version = tally_tally.version + 1, ballots = tally_tally.ballots + 1;
    INSERT INTO tally_outcome (election_id, design, version, ballots, contests, rest)
    SELECT election_id, %(design)s, version, ballots, %(contests)s::jsonb, 0 FROM tally_tally
    WHERE election_id = %(election)s
    ON CONFLICT (election_id) DO UPDATE SET version = excluded.version, ballots = excluded.ballots,
        contests = excluded.contests
"""
CONTESTS = """[{"key": "q1", "blank": 0, "outcome": {
    "method": "plurality", "version": 1, "decided": true, "reason": "elected", "winners": ["nesquik"], "ties": [],
    "base": 1, "standings": [
        {"key": "nesquik", "count": 1, "permille": 1000}, {"key": "cola-cao", "count": 0, "permille": 0}
    ], "working": {"ballots": 1, "blank": 0, "seats": 1, "ranking": []}}}]"""


@pytest.fixture
def before(make_election: Any) -> Iterator[Any]:
    """An election in the tables of that release, which has counted one ballot."""
    drink = make_election()
    drink.refresh_from_db()
    try:
        call_command("migrate", "tally", BEFORE_WEIGHTS, verbosity=0)
        write(drink, "ana", 1)
        yield drink
    finally:
        call_command("migrate", verbosity=0)


def write(election: Any, voter: str, serial: int) -> None:
    ballot = f"0199f2a0-0000-7000-8000-00000000000{serial}"
    values = {"election": election.pk, "voter": voter_key(voter), "ballot": ballot, "serial": serial}
    store.run(WRITE, values | {"design": election.in_force, "contests": CONTESTS})


def shown() -> tuple[int, list[int]]:
    snapshot = get_snapshot("drink")
    return snapshot.ballots, [option.count for option in snapshot.contests[0].options]


class TestWeights:
    def test_are_one_each_in_what_was_counted_before(self, before):
        call_command("migrate", verbosity=0)
        assert run("recount") == "drink: 1 ballots, no difference\n"
        assert shown() == (1, [1, 0])

    def test_let_the_ballots_count_that_wait_in_the_box_of_that_release(self, before, redis):
        put(redis, before, "eva", "q1=cola-cao", version=2)
        put(redis, before, "ana", "q1=cola-cao", version=2)
        call_command("migrate", verbosity=0)
        drain_all()
        assert shown() == (2, [0, 2])
        assert run("recount") == "drink: 2 ballots, no difference\n"

    def test_let_a_worker_of_that_release_go_on_beside(self, before, redis):
        call_command("migrate", verbosity=0)
        put(redis, before, "eva", "q1=cola-cao")
        drain_all()
        write(before, "leo", 3)
        assert run("recount") == "drink: 3 ballots, no difference\n"
        # The outcome is that worker's, and is shown as it is.
        assert StoredOutcome.objects.get().version == Tally.objects.get().version
        assert shown() == (3, [1, 0])

    def test_come_with_a_frame_for_each_outcome_that_was_made_before(self, before):
        call_command("migrate", verbosity=0)
        outcomes.make_all()
        assert '"winners":["nesquik"]' in StoredOutcome.objects.get().shown
