"""An option that withdraws after the close is counted out in a second result, which stands beside the first."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from polls.design import Paper
from polls.models import Election
from polls.publishing import publish_election
from results.views import get_snapshot
from tally import outcomes
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.withdrawals import withdraw

from .entries import put

HOUR = dt.timedelta(hours=1)
ANIMALS = ("ant", "bee", "cat")
# Method, three markings, who wins, and who wins once the winner has withdrawn with how many blank ballots.
COUNTED = [
    ("plurality", ("ant", "ant", "bee"), "ant", "bee", 2),
    ("approval", ("ant,bee", "ant", "cat"), "ant", None, 1),
    ("score", ("ant:5,bee:1", "ant:5", "cat:2"), "ant", "cat", 1),
    ("star", ("ant:5,bee:1", "ant:5", "cat:2"), "ant", "cat", 1),
    ("majority-judgment", ("ant:4,bee:3", "ant:4,bee:3", "cat:1"), "ant", "bee", 0),
    ("borda", ("ant>cat>bee", "ant>cat>bee", "bee>ant>cat"), "ant", "cat", 0),
    ("irv", ("ant>cat", "ant>cat", "bee"), "ant", "cat", 0),
    ("stv", ("ant>cat", "ant>cat", "bee"), "ant", "cat", 0),
    ("schulze", ("ant>cat>bee", "ant=cat>bee", "bee>ant"), "ant", "cat", 0),
    ("approval-committee", ("ant,bee", "ant,bee", "cat"), None, "bee", 0),
]


def close(election: Election) -> Election:
    drain_all()
    close_election(election)
    turn_phases()
    election.refresh_from_db()
    return election


def take_out(election: Election, option: str, contest: str = "q1", reason: str = "Moved away.") -> None:
    withdraw(election, Paper.of(election), contest, option, reason)
    outcomes.catch_up()


@pytest.mark.parametrize(("method", "markings", "first", "second", "blank"), COUNTED, ids=[one[0] for one in COUNTED])
def test_the_second_result_is_counted_as_if_the_option_had_never_stood(
    method, markings, first, second, blank, make_election, cast
):
    election = make_election(options=ANIMALS, method=method, rules={"blank": True})
    for number, marking in enumerate(markings):
        cast(election, f"voter {number}", f"q1={marking}")
    close(election)
    before = get_snapshot("drink").as_dict()["contests"][0]
    take_out(election, "ant")
    after = get_snapshot("drink").as_dict()["contests"][0]
    recounted = after.pop("recounted")
    assert after == before
    assert after["winners"] == ([first] if first else after["winners"])
    assert recounted["without"] == {"Ant": "Moved away."}
    assert [option["key"] for option in recounted["options"]] == ["bee", "cat"]
    assert recounted["winners"] == ([second] if second else [])
    assert recounted["blank"] == blank


def test_the_second_result_weighs_ballots_and_leaves_out_those_without_the_question(make_election, redis):
    rules, later = {"blank": True}, timezone.now() + HOUR
    drink = make_election(options=ANIMALS, contests=2, rules=rules, opens_at=later, eligibility="roll")
    drink.contests.filter(key="q2").update(groups=["board"])
    Election.objects.filter(pk=drink.pk).update(opens_at=timezone.now() - HOUR)
    drink.refresh_from_db()
    publish_election(drink)
    keep_box()
    drink.refresh_from_db()
    for voter, marking, weight in (("ana", "q1=ant;q2=ant", 12), ("eva", "q1=ant;q2=bee", 3), ("leo", "q1=bee", 40)):
        put(redis, drink, voter, marking, weight=weight)
    close(drink)
    take_out(drink, "ant", contest="q2")
    second = get_snapshot("drink").as_dict()["contests"][1]
    recounted = second["recounted"]
    assert (second["ballots"], second["blank"], recounted["ballots"], recounted["blank"]) == (15, 0, 15, 12)
    assert [option["count"] for option in recounted["options"]] == [3, 0]


class TestWithdraw:
    def test_takes_one_option_after_the_other_until_one_is_left(self, make_election, cast, client, settings):
        settings.ROOT_URLCONF = "voting_site.urls.result"
        election = make_election(options=ANIMALS, method="irv")
        cast(election, "ana", "ant>bee>cat")
        close(election)
        take_out(election, "ant")
        take_out(election, "bee", reason="Too old.")
        assert get_snapshot("drink").as_dict()["contests"][0]["recounted"]["winners"] == ["cat"]
        page = client.get("/drink/").content.decode()
        assert "without 2 options that have withdrawn" in page
        assert "Too old." in page
        with pytest.raises(ValidationError, match="nobody would be left"):
            take_out(election, "cat")

    def test_is_refused_twice_for_the_same_option(self, make_election):
        election = close(make_election(options=ANIMALS))
        take_out(election, "ant")
        with pytest.raises(ValidationError, match="already"):
            take_out(election, "ant")

    def test_is_refused_while_people_vote(self, make_election):
        with pytest.raises(ValidationError, match="after the last ballot"):
            take_out(make_election(options=ANIMALS), "ant")

    def test_is_refused_for_what_is_no_candidate(self, make_election):
        rules = {"majority": "simple", "yes": "ant", "no": "bee", "abstain": "cat"}
        election = close(make_election(options=ANIMALS, method="motion", rules=rules))
        with pytest.raises(ValidationError, match="no candidate"):
            take_out(election, "ant")
        other = close(make_election("tea", options=ANIMALS, rules={"none_of_the_above": "cat"}))
        with pytest.raises(ValidationError, match="no candidate"):
            take_out(other, "cat")

    def test_counts_the_other_contests_once(self, make_election, cast):
        election = make_election(options=ANIMALS, contests=2)
        cast(election, "ana", "q1=ant;q2=ant")
        close(election)
        take_out(election, "ant", contest="q2")
        one, two = get_snapshot("drink").as_dict()["contests"]
        assert "recounted" not in one
        assert two["recounted"]["blank"] == 1
