"""Who has voted, as organisers may see it, and the turnout on the page of an election and by command."""

from typing import Any

import pytest

from office.turnout import NotShown, who_voted
from polls.models import RollEntry
from tally.drain import drain_all
from tally.turnout import note_all
from tests.office.test_admin import organiser
from tests.office.test_election_page import read
from tests.tally.audit.test_recount import run
from tests.tally.test_turnout import fill, vote

__all__ = ["organiser"]


@pytest.fixture
def drink(make_election: Any, redis: Any) -> Any:
    """An election with a roll of thirty, of whom two have voted, one with twelve votes."""
    election = make_election(eligibility="roll", shows_who_voted=True)
    fill(election, 30)
    election.refresh_from_db()
    vote(redis, election, 1, weight=12)
    vote(redis, election, 5)
    note_all()
    return election


class TestWhoVoted:
    def test_is_a_flag_in_the_order_of_the_roll(self, drink):
        assert [entry.number for entry in who_voted(drink) if entry.voted] == [1, 5]
        assert len(who_voted(drink)) == 30

    def test_is_not_shown_where_the_election_says_so(self, drink):
        drink.shows_who_voted = False
        with pytest.raises(NotShown, match="organisers do not see who has voted"):
            who_voted(drink)

    def test_is_nothing_where_there_is_no_roll(self, make_election):
        with pytest.raises(NotShown, match="has no roll"):
            who_voted(make_election("tea", shows_who_voted=True))


class TestCommand:
    def test_tells_the_turnout_with_votes_and_groups(self, drink):
        assert run("turnout", "drink").splitlines() == [
            "drink: 2 of 30 have voted, 6.7%",
            "votes: 13 of 41",
            "blue: 1 of 10, 10.0%",
            "red: 0 of 10, 0.0%",
        ]

    def test_lists_who_has_voted(self, drink):
        RollEntry.objects.filter(number=2).update(name='Eva, "la 2"', member_number="M2")
        lines = run("turnout", "drink", "--who").splitlines()
        assert lines[:4] == [
            "number,name,member number,voted",
            "1,voter 1,,yes",
            '2,"Eva, ""la 2""",M2,no',
            "3,voter 3,,no",
        ]
        assert len(lines) == 31

    def test_lists_nobody_where_organisers_do_not_see_it(self, drink):
        drink.shows_who_voted = False
        drink.save()
        assert "EXIT Not shown: this election was set up so" in run("turnout", "drink", "--who")

    def test_says_where_there_is_nothing_to_tell(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        assert "EXIT drink has no roll" in run("turnout", "drink")
        assert "EXIT There is no published election tea" in run("turnout", "tea")


@pytest.mark.urls("voting_site.urls.admin")
class TestElectionPage:
    def test_has_voters_and_votes_of_those_entitled(self, drink, organiser):
        words = " ".join(read(organiser, "standing", drink).split())
        assert "Turnout: <b>2</b> of 30 entitled to vote, 6.7%" in words
        assert "<b>13</b> votes of 41" in words
