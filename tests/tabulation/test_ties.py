"""Groups of equals, and the tie at the last seat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.ties import Group, Tie, fill_seats, group_by_votes

VOTES = st.dictionaries(st.text("abcde", min_size=1), st.integers(0, 4))


class TestGroupByVotes:
    def test_has_most_votes_first_and_equals_in_ballot_order(self):
        votes = {"dog": 2, "ant": 5, "bee": 2, "cat": 0}
        assert group_by_votes(votes) == [(5, ("ant",)), (2, ("dog", "bee"))]

    def test_leaves_out_what_has_no_votes(self):
        assert group_by_votes({"ant": 0, "bee": 0}) == []


class TestFillSeats:
    @pytest.mark.parametrize(
        ("seats", "elected", "tie"),
        [
            (1, ("ant",), None),
            (2, ("ant",), Tie(("bee", "cat"), 1)),
            (3, ("ant", "bee", "cat"), None),
            (4, ("ant", "bee", "cat"), Tie(("dog", "eel", "fox"), 1)),
            (5, ("ant", "bee", "cat"), Tie(("dog", "eel", "fox"), 2)),
            (6, ("ant", "bee", "cat", "dog", "eel", "fox"), None),
            (99, ("ant", "bee", "cat", "dog", "eel", "fox"), None),
        ],
    )
    def test_elects_who_is_safe_and_leaves_the_last_seats_to_a_tie(self, seats, elected, tie):
        groups = [Group(9, ("ant",)), Group(4, ("bee", "cat")), Group(1, ("dog", "eel", "fox"))]
        assert fill_seats(groups, seats) == (elected, tie)

    @given(VOTES, st.integers(1, 6))
    def test_fills_each_seat_for_which_there_is_somebody(self, votes, seats):
        elected, tie = fill_seats(group_by_votes(votes), seats)
        filled = len(elected) + (tie.seats if tie else 0)
        assert filled == min(seats, sum(count > 0 for count in votes.values()))

    @given(VOTES, st.integers(1, 6))
    def test_puts_nobody_before_somebody_with_more_votes(self, votes, seats):
        elected, tie = fill_seats(group_by_votes(votes), seats)
        tied = tie.keys if tie else ()
        places = [votes[key] for key in (*elected, *tied)]
        assert places == sorted(places, reverse=True)
        assert max((votes[key] for key in votes.keys() - {*elected, *tied}), default=0) <= min(places, default=0)
        assert len({votes[key] for key in tied}) <= 1
