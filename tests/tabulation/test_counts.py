"""Counts: parted by contest, and held to what the ballots can give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.contest import Contest
from tabulation.counts import BALLOTS, BLANK, InvalidCounts, split_by_contest, votes_by_option

KEYS = st.text("abc:>-", min_size=1).filter(lambda key: key not in (BLANK, BALLOTS))


class TestSplitByContest:
    def test_takes_the_prefix_off_and_sets_the_blanks_apart(self):
        counts = {"q1:nesquik": 3, "q1:-blank": 2, "q1:-ballots": 5, "q2:ana>bea": 4, "q2:ana:3": 1}
        assert split_by_contest(counts, ["q1", "q2", "q3"]) == {
            "q1": ({"nesquik": 3}, 2, 5),
            "q2": ({"ana>bea": 4, "ana:3": 1}, 0, 0),
            "q3": ({}, 0, 0),
        }

    @given(st.dictionaries(st.sampled_from(["q1", "q2", "q"]), st.dictionaries(KEYS, st.integers(0)), min_size=1))
    def test_undoes_the_prefixes(self, contests):
        prefixed = {f"{contest}:{key}": count for contest, counts in contests.items() for key, count in counts.items()}
        assert split_by_contest(prefixed, contests) == {contest: (counts, 0, 0) for contest, counts in contests.items()}

    @pytest.mark.parametrize("key", ["nesquik", "q2:nesquik", "", ":nesquik", "q1", "-blank"])
    def test_loses_no_count_without_a_word(self, key):
        with pytest.raises(InvalidCounts, match=f"'{key}' belongs to no contest: there are q1"):
            split_by_contest({key: 1}, ["q1"])

    @pytest.mark.parametrize(("contests", "named"), [([], "none"), (["q1", "q2"], "q1, q2")])
    def test_names_the_contests_that_there_are(self, contests, named):
        with pytest.raises(InvalidCounts, match=f"there are {named}$"):
            split_by_contest({"q3:nesquik": 1}, contests)


class TestVotesByOption:
    def test_are_in_ballot_order_with_those_who_have_none(self):
        votes = votes_by_option(Contest(("ant", "bee", "cat"), ballots=3), {"cat": 1, "ant": 2}, choices=1)
        assert list(votes.items()) == [("ant", 2), ("bee", 0), ("cat", 1)]

    @pytest.mark.parametrize(
        ("counts", "choices", "message"),
        [
            ({"eel": 1, "dog": 1}, None, "votes for dog, eel, which is no option"),
            ({"-blank": 1}, None, "votes for -blank, which is no option"),
            ({"ant": -1}, None, "cannot give -1 votes to ant"),
            ({"ant": 1.0}, None, "cannot give 1.0 votes to ant"),
            ({"ant": True}, None, "cannot give True votes to ant"),
            ({"ant": 5}, None, "4 marked ballots cannot give 5 votes to ant"),
            ({"ant": 3, "bee": 2}, 1, "4 marked ballots of 1 choices cannot give 5 votes"),
            ({"ant": 4, "bee": 4, "cat": 1}, 2, "4 marked ballots of 2 choices cannot give 9 votes"),
        ],
    )
    def test_are_refused_where_the_ballots_cannot_give_them(self, counts, choices, message):
        with pytest.raises(InvalidCounts, match=message):
            votes_by_option(Contest(("ant", "bee", "cat"), ballots=5, blank=1), counts, choices=choices)

    def test_may_be_as_many_as_all_ballots_give(self):
        contest = Contest(("ant", "bee"), ballots=5, blank=1)
        assert votes_by_option(contest, {"ant": 4, "bee": 4}, choices=None) == {"ant": 4, "bee": 4}
        assert votes_by_option(contest, {"ant": 4, "bee": 4}, choices=2) == {"ant": 4, "bee": 4}
