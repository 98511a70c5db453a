"""Ballots of different weights, and of the wire version before there were any: counted, changed, counted again."""

from typing import Any

import pytest

from polls import ballot_box
from tally.audit.reconcile import reconcile
from tally.drain import drain_all
from tally.models import CastRecord, Count, CountedBallot, RejectedBallot, Tally

from .audit.test_recount import run
from .entries import put


def counts(election: Any) -> dict[str, int]:
    return {one.key: one.n for one in Count.objects.filter(election=election, n__gt=0)}


def totals(election: Any) -> tuple[dict[str, int], int, int]:
    """Return the counts, the voters, and the weight of their ballots."""
    tally = Tally.objects.get(election=election)
    return counts(election), tally.ballots, tally.ballots + tally.extra_weight


@pytest.fixture
def drink(make_election) -> Any:
    election = make_election()
    election.refresh_from_db()
    return election


class TestWeights:
    def test_are_what_a_ballot_counts_as(self, drink, redis):
        for voter, marking, weight in (("ana", "nesquik", 12), ("eva", "cola-cao", 1), ("leo", "cola-cao", 3)):
            put(redis, drink, voter, f"q1={marking}", weight=weight)
        drain_all()
        assert totals(drink) == ({"q1:nesquik": 12, "q1:cola-cao": 4}, 3, 16)
        assert sorted(CastRecord.objects.values_list("weight", flat=True)) == [1, 3, 12]
        assert run("recount") == "drink: 3 ballots, no difference\n"

    def test_go_with_a_vote_that_is_changed(self, drink, redis):
        put(redis, drink, "ana", "q1=nesquik", weight=12)
        drain_all()
        put(redis, drink, "ana", "q1=cola-cao", weight=12)
        drain_all()
        assert totals(drink) == ({"q1:cola-cao": 12}, 1, 12)

    @pytest.mark.parametrize("in_one_batch", [True, False])
    def test_may_change_between_two_votes_of_one_voter(self, drink, redis, in_one_batch):
        for marking, weight in (("nesquik", 12), ("cola-cao", 5), ("cola-cao", 7)):
            put(redis, drink, "ana", f"q1={marking}", weight=weight)
            if not in_one_batch:
                drain_all()
        drain_all()
        assert totals(drink) == ({"q1:cola-cao": 7}, 1, 7)
        assert CountedBallot.objects.get().weight == 7
        assert run("recount") == "drink: 1 ballots, no difference\n"

    def test_stay_those_of_the_first_vote_where_votes_are_final(self, make_election, redis):
        drink = make_election(votes_final=True)
        drink.refresh_from_db()
        for marking, weight in (("nesquik", 12), ("cola-cao", 5)):
            put(redis, drink, "ana", f"q1={marking}", weight=weight)
        drain_all()
        assert totals(drink) == ({"q1:nesquik": 12}, 1, 12)
        assert RejectedBallot.objects.get().reason == RejectedBallot.Reason.ALREADY_COUNTED

    def test_are_added_once_if_the_entry_comes_again(self, drink, redis):
        fields = put(redis, drink, "ana", "q1=nesquik", weight=12)
        drain_all()
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), fields)
        drain_all()
        assert totals(drink) == ({"q1:nesquik": 12}, 1, 12)

    def test_do_not_matter_to_the_account_which_is_of_ballots(self, drink, redis):
        for voter, weight in (("ana", 12), ("eva", 1), ("ana", 4)):
            put(redis, drink, voter, "q1=nesquik", weight=weight)
        drain_all()
        [account] = reconcile(drink)
        assert (account.problems, account.ballots) == ([], {"counted": 2, "replaced": 1})

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda: Tally.objects.update(extra_weight=5), "extra_weight: 5 kept, 11 by the cast records"),
            (lambda: CountedBallot.objects.update(weight=1), "counts, by the cast records"),
            (lambda: Count.objects.update(n=1), "q1:nesquik: 1 kept, 12 by the cast records"),
        ],
    )
    def test_that_somebody_has_changed_are_found_and_repaired(self, drink, redis, damage, said):
        put(redis, drink, "ana", "q1=nesquik", weight=12)
        drain_all()
        damage()
        assert said in run("recount")
        run("recount", "--repair")
        assert totals(drink) == ({"q1:nesquik": 12}, 1, 12)
        assert run("recount") == "drink: 1 ballots, no difference\n"


class TestSecondWireVersion:
    def test_counts_once_each_beside_the_third(self, drink, redis):
        put(redis, drink, "ana", "q1=nesquik", version=2)
        put(redis, drink, "eva", "q1=nesquik", weight=3)
        put(redis, drink, "leo", "q1=cola-cao", version=2)
        drain_all()
        assert totals(drink) == ({"q1:nesquik": 4, "q1:cola-cao": 1}, 3, 5)
        assert not RejectedBallot.objects.exists()
