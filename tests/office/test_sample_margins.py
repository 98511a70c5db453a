"""By how many votes a contest is decided, where one number says it."""

from typing import Any

import pytest

from office.marking_words import tell_marking
from office.sample_margins import Margin, _find_margin
from office.sample_pages import draws_for_all
from office.sample_shown import judge
from polls import methods
from record.models import Sample
from tabulation.contest import Contest
from tally.contests_shown import ContestShown
from tests.conftest import contest

ANIMALS = ("ant", "bee", "cat", "dog")


def shown(method: str, counts: dict[str, int], **changes: Any) -> ContestShown:
    """Return a contest with the outcome of some counts."""
    rules = changes.pop("rules", {})
    options = changes.pop("options", ANIMALS)
    one = contest("q1", options, method=method, rules=rules, **changes)
    ballots = sum(counts.values())
    given = Contest(one.keys, one.seats, one.counting_rules, ballots, 0, key="q1")
    return ContestShown(one, "Animals", ballots, 0, None, methods.get(method).tabulate(given, counts))


class TestMargin:
    def test_is_the_lead_of_the_winner_over_the_next_one(self):
        assert _find_margin(shown("plurality", {"ant": 3, "bee": 9, "cat": 4})) == 5

    def test_is_with_several_seats_that_of_the_last_winner_over_the_first_loser(self):
        assert _find_margin(shown("approval", {"ant": 3, "bee": 9, "cat": 7, "dog": 1}, seats=2)) == 4

    def test_is_nothing_in_a_tie(self):
        assert _find_margin(shown("plurality", {"ant": 3, "bee": 3})) == 0

    def test_of_a_motion_is_that_of_yes_and_no_whichever_has_more(self):
        rules = {"yes": "ant", "no": "bee"}
        for yes, no in ((7, 2), (2, 7)):
            one = shown("motion", {"ant": yes, "bee": no}, rules=rules, options=("ant", "bee"))
            assert _find_margin(one) == 5

    @pytest.mark.parametrize("more", [{"majority": "two-thirds"}, {"majority": "absolute"}, {"quorum": 3}])
    def test_of_a_motion_is_not_known_where_more_decides(self, more):
        rules = {"yes": "ant", "no": "bee"} | more
        assert _find_margin(shown("motion", {"ant": 7, "bee": 2}, rules=rules, options=("ant", "bee"))) is None

    def test_is_not_known_where_options_are_ranked(self):
        assert _find_margin(shown("irv", {"ant>bee": 3, "cat": 2})) is None

    def test_is_not_known_where_nobody_has_lost(self):
        assert _find_margin(shown("approval", {"ant": 3, "bee": 2}, options=("ant", "bee"), seats=2)) is None


class TestDraws:
    def test_are_as_many_as_the_closest_contest_needs(self):
        margins = [Margin("a", 200), Margin("b", 20)]
        assert draws_for_all(margins, 1000, "0.05") == 312  # type: ignore[arg-type]

    def test_are_not_known_where_one_margin_is_not(self):
        assert draws_for_all([Margin("a", 200), Margin("b", None)], 1000, "0.05") is None  # type: ignore[arg-type]

    def test_are_no_more_than_there_are_entries(self):
        assert Margin("a", 1).draws_needed(50, 0.05) == 50
        assert Margin("a", 0).draws_needed(50, 0.05) == 50
        assert Margin("a", 50).draws_needed(50, 0.05) == 7


class TestJudgement:
    def test_is_rounded_to_the_safe_side(self):
        # By 63 draws at a margin of 10 %: 1 - (1 - 0.1 / 2.0781) ** 63 = 0.95535; and 1 - 0.05 ** (1 / 63) = 0.04644.
        told = judge(Sample(draws=63), [Margin("a", 100)], 1000)
        assert (told.sure, told.share, told.opens_all) == ("95.5", "4.7", False)

    def test_says_no_chance_where_a_margin_is_not_known(self):
        assert judge(Sample(draws=63), [Margin("a", None), Margin("b", 10)], 1000).sure is None
        assert judge(Sample(draws=1000), [], 1000).opens_all


class TestWords:
    @pytest.mark.parametrize(
        ("marking", "told"),
        [
            ("", "left blank"),
            ("ant", "Ant"),
            ("ant,bee", "Ant, Bee"),
            ("bee=cat>ant", "Bee = Cat > Ant"),
            ("ant:5,bee:0", "Ant: 5, Bee: 0"),
            ("yak", "yak"),
        ],
    )
    def test_are_labels_in_place_of_keys(self, marking, told):
        assert tell_marking(marking, contest("q1", ANIMALS)) == told
