"""Rankings: their count keys, what is read of them, and what is refused."""

import pytest

from tabulation import rankings
from tabulation.contest import Contest
from tabulation.counts import InvalidCounts
from tabulation.rankings import RankedBallots

CONTEST = Contest(("ant", "bee", "cat"), ballots=9, blank=1)


class TestRankings:
    def test_have_the_best_option_first_in_their_key(self):
        assert rankings.count_keys(["cat", "ant"]) == ["cat>ant"]

    def test_are_read_in_a_fixed_order_without_those_that_nobody_gave(self):
        counts = {"cat>ant": 5, "ant": 3, "bee": 0}
        assert rankings.read_rankings(CONTEST, counts) == [
            RankedBallots(("ant",), 3),
            RankedBallots(("cat", "ant"), 5),
        ]

    def test_are_added_up_by_the_first_option_in_ballot_order(self):
        ballots = rankings.read_rankings(CONTEST, {"cat>ant": 3, "cat>bee": 2, "ant>cat": 1})
        assert list(rankings.first_preferences(CONTEST, ballots).items()) == [("ant", 1), ("bee", 0), ("cat", 5)]

    @pytest.mark.parametrize(
        ("counts", "reason"),
        [
            ({"": 1}, r"^'' is no ranking of options of this contest, each once at most$"),
            ({"ant>bee>ant": 1}, r"^'ant>bee>ant' is no ranking"),
            ({"ant>dog": 1}, r"^'ant>dog' is no ranking"),
            ({"ant": -1}, r"^ant cannot be counted -1 times$"),
            ({"ant": 5, "bee": 4, "cat": 0}, r"^8 marked ballots cannot be 9 rankings$"),
        ],
    )
    def test_are_refused_with_the_reason(self, counts, reason):
        with pytest.raises(InvalidCounts, match=reason):
            rankings.read_rankings(CONTEST, counts)
