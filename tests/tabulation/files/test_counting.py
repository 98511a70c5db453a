"""From the ballots of a file to an outcome: which method counts what, and what it refuses."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import pairwise, schulze, star
from tabulation.contest import Contest, InvalidContest
from tabulation.draw import SecretDraw
from tabulation.files import counting
from tabulation.files.content import Content, Kind
from tabulation.files.counting import METHODS, OF_SCORES, Counted, count
from tabulation.files.sentences import InvalidFile

from .contents import contents

NAMES = ("Ana", "Bea", "Carlo")
KEYS = ("ana", "bea", "carlo")
RANKED = Content(NAMES, Kind.RANKINGS, {((0,), (1,), (2,)): 4, ((1,), (0,)): 3, ((2,), (1,)): 2, (): 1}, lines={})
EQUAL = Content(NAMES, Kind.RANKINGS, {((0,),): 1, ((0, 1), (2,)): 2}, lines={((0, 1), (2,)): 7})
SCORED = Content(NAMES, Kind.SCORES, {(5, 2, None): 3, (0, 4, 1): 2, (1, 1, 3): 1, (): 2}, lines={(0, 4, 1): 9})


def tabulate(content: Content, method: str, **more: object) -> Counted:
    return count(content, method, keys=KEYS, **more)


def remarks(counted: Counted) -> list[str]:
    return [str(remark) for remark in counted.remarks]


class TestRankings:
    @pytest.mark.parametrize(
        ("method", "winner"),
        [
            ("plurality", "ana"),
            ("approval", "bea"),
            ("approval-committee", "bea"),
            ("borda", "bea"),
            ("irv", "bea"),
            ("stv", "bea"),
            ("schulze", "bea"),
        ],
    )
    def test_are_counted_by_methods_of_rankings(self, method, winner):
        counted = tabulate(RANKED, method)
        assert (counted.outcome.winners, counted.outcome.method) == ((winner,), method)
        assert (counted.contest.ballots, counted.contest.blank, counted.contest.key) == (10, 1, "q1")

    def test_with_an_equal_beginning_are_added_up(self):
        content = Content(NAMES, Kind.RANKINGS, {((0,), (1,)): 2, ((1,),): 4, ((0,), (2,)): 3})
        assert [one.count for one in tabulate(content, "plurality").outcome.standings] == [5, 4, 0]

    @pytest.mark.parametrize("method", OF_SCORES)
    def test_are_no_scores(self, method):
        with pytest.raises(InvalidFile, match="the ballots have rankings, and this method counts scores"):
            tabulate(RANKED, method)

    @pytest.mark.parametrize("method", ["irv", "stv", "borda"])
    def test_with_equals_are_refused_where_they_cannot_be_counted(self, method):
        with pytest.raises(InvalidFile, match="line 7: options are ranked equal, which this method cannot count"):
            tabulate(EQUAL, method)

    def test_with_equals_in_front_have_no_first_preference(self):
        with pytest.raises(InvalidFile, match="line 7: several options come first, and plurality counts one"):
            tabulate(EQUAL, "plurality")

    def test_with_equals_are_counted_by_schulze(self):
        outcome = tabulate(EQUAL, "schulze").outcome
        assert (outcome.winners, outcome.working["matrix"]) == (("ana",), [[0, 1, 3], [0, 0, 2], [0, 0, 0]])

    def test_with_skipped_ranks_move_up_and_it_is_said(self):
        skipped = Content(NAMES, Kind.RANKINGS, {((), (0,), (), (1,)): 3, ((1,),): 2})
        counted = tabulate(skipped, "irv")
        assert counted.outcome.winners == ("ana",)
        assert remarks(counted) == ["Ballots on which a rank is skipped: 3. The next rank moves up."]

    def test_are_read_as_approvals_and_it_is_said(self):
        counted = tabulate(RANKED, "approval")
        assert [one.count for one in counted.outcome.standings] == [7, 9, 6]
        said = ["Each option that a ballot ranks is counted as approved of, whatever its rank."]
        assert remarks(counted) == said
        two_ranks = Content(NAMES, Kind.RANKINGS, {((0,), (1,)): 1})
        assert remarks(tabulate(two_ranks, "approval")) == said
        approvals = Content(NAMES, Kind.RANKINGS, {((0, 1),): 1, ((1,),): 1})
        assert remarks(tabulate(approvals, "approval-committee", seats=2)) == []


class TestScores:
    @pytest.mark.parametrize(
        ("method", "winner"),
        [("score", "ana"), ("star", "ana"), ("majority-judgment", "bea"), ("schulze", "ana"), ("plurality", "ana")],
    )
    def test_are_counted(self, method, winner):
        assert tabulate(SCORED, method).outcome.winners == (winner,)

    @pytest.mark.parametrize("method", ["irv", "stv", "borda"])
    def test_are_no_rankings(self, method):
        with pytest.raises(InvalidFile, match="the ballots have scores, and this method counts rankings"):
            tabulate(SCORED, method)

    @pytest.mark.parametrize("method", ["approval", "approval-committee"])
    def test_are_approvals_if_they_are_0_and_1(self, method):
        with pytest.raises(InvalidFile, match="the ballots have scores above 1"):
            tabulate(SCORED, method)
        with pytest.raises(InvalidFile, match="the ballots have scores above 1"):
            tabulate(Content(NAMES, Kind.SCORES, {(1, 2, 0): 1}), method)
        approvals = Content(NAMES, Kind.SCORES, {(1, 1, 0): 3, (None, 1, None): 1, (0, 0, 0): 1})
        assert tabulate(approvals, method).outcome.winners == ("bea",)

    def test_that_approve_of_the_same_options_are_added_up(self):
        approvals = Content(NAMES, Kind.SCORES, {(1, 0, 0): 3, (1, 0, None): 2, (0, 1, 1): 4})
        assert tabulate(approvals, "approval-committee").outcome.winners == ("ana",)

    def test_rank_options_for_schulze_and_it_is_said(self):
        counted = tabulate(SCORED, "schulze")
        assert counted.outcome.working["matrix"] == [[0, 3, 3], [2, 0, 5], [3, 1, 0]]
        assert remarks(counted) == [
            "Options are ranked by their scores; equal scores are equal ranks, and no score is 0."
        ]

    def test_equal_ones_in_front_have_no_first_preference(self):
        with pytest.raises(InvalidFile, match="line 3: several options come first"):
            tabulate(Content(NAMES, Kind.SCORES, {(4, 4, 1): 1}, lines={(4, 4, 1): 3}), "plurality")

    @pytest.mark.parametrize(("highest", "best"), [(0, 5), (5, 5), (6, 10), (10, 10)])
    def test_have_a_best_one_of_5_or_10_unless_it_is_given(self, highest, best):
        counted = tabulate(Content(NAMES, Kind.SCORES, {(highest, 1, 0): 1}), "score")
        assert counted.outcome.working["max_score"] == best
        assert remarks(counted) == [f"The best score is taken to be {best}."]

    def test_have_the_best_one_that_is_given(self):
        counted = tabulate(SCORED, "score", rules={"max_score": 7})
        assert (counted.outcome.working["max_score"], remarks(counted)) == (7, [])

    @pytest.mark.parametrize("method", OF_SCORES)
    @pytest.mark.parametrize("best", ["7", 7.0, True, 0, 11])
    def test_have_no_best_one_that_cannot_be(self, method, best):
        with pytest.raises(InvalidContest, match=f"^max_score is {best!r}, and has to be a whole number from 1 to 10$"):
            tabulate(SCORED, method, rules={"max_score": best})

    @pytest.mark.parametrize("method", OF_SCORES)
    def test_above_the_best_one_are_refused(self, method):
        with pytest.raises(InvalidFile, match="line 4: a score is above the best one, which is 10"):
            tabulate(Content(NAMES, Kind.SCORES, {(1, None, 11): 1}, lines={(1, None, 11): 4}), method)
        with pytest.raises(InvalidFile, match="line 9: a score is above the best one, which is 3"):
            tabulate(Content(NAMES, Kind.SCORES, {(0, 4, 1): 1}, lines={(0, 4, 1): 9}), method, rules={"max_score": 3})


class TestEveryMethod:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("kind", Kind)
    def test_elects_nobody_where_all_ballots_are_blank(self, method, kind):
        if kind is Kind.RANKINGS and method in OF_SCORES:
            kind = Kind.SCORES
        if kind is Kind.SCORES and method in ("irv", "stv", "borda"):
            kind = Kind.RANKINGS
        outcome = tabulate(Content(NAMES, kind, {(): 5}), method).outcome
        assert (outcome.winners, outcome.reason) == ((), "no-votes")

    @pytest.mark.parametrize("method", METHODS)
    def test_needs_an_option(self, method):
        with pytest.raises(InvalidFile, match="no option is left"):
            count(Content((), Kind.RANKINGS, {(): 5}), method, keys=())

    def test_fills_the_seats_that_are_given_or_those_of_the_file(self):
        two = Content(NAMES, Kind.RANKINGS, RANKED.ballots, seats=2)
        assert tabulate(two, "stv").contest.seats == 2
        assert tabulate(two, "stv", seats=3).outcome.winners == ("ana", "bea", "carlo")
        assert tabulate(two, "plurality", seats=9).outcome.reason == "seats-left"

    def test_fills_one_seat_by_instant_runoff_and_says_so(self):
        two = Content(NAMES, Kind.RANKINGS, RANKED.ballots, seats=2)
        counted = tabulate(two, "irv")
        assert (counted.outcome.winners, remarks(counted)) == (
            ("bea",),
            ["The file has 2 seats; instant-runoff voting fills one."],
        )
        with pytest.raises(InvalidContest, match="instant-runoff voting fills one seat, not 2"):
            tabulate(two, "irv", seats=2)

    def test_breaks_a_tie_by_the_draw_of_the_contest(self):
        tied = Content(NAMES, Kind.RANKINGS, {((0,),): 1, ((1,),): 1})
        assert tabulate(tied, "plurality").outcome.reason == "tie"
        draw = SecretDraw("secret")
        expected = draw.order("board", "plurality", 1, ["ana", "bea"])[:1]
        assert tabulate(tied, "plurality", draw=draw, contest="board").outcome.winners == expected

    def test_compares_500_options_in_pairs_and_no_more(self):
        keys = [f"o{number}" for number in range(501)]
        with pytest.raises(InvalidFile, match="this method compares each two options, of 500 at most"):
            count(Content(tuple(keys), Kind.RANKINGS, {((0,),): 1}), "schulze", keys=keys)

    def test_compares_as_many_options_as_it_says(self, monkeypatch):
        monkeypatch.setattr(counting, "MOST_PAIRED", 3)
        assert tabulate(RANKED, "schulze").outcome.winners == ("bea",)
        monkeypatch.setattr(counting, "MOST_PAIRED", 2)
        with pytest.raises(InvalidFile, match="this method compares each two options, of 2 at most"):
            tabulate(RANKED, "schulze")


class TestPairs:
    @given(contents())
    def test_are_those_of_one_ballot_after_the_other(self, content):
        keys = [f"o{number}" for number in range(len(content.names))]
        expected: Counter = Counter()
        for ranking, number in content.rankings():
            groups = [[keys[option] for option in group] for group in ranking if group]
            for key in pairwise.count_keys(groups, keys) if groups else ():
                expected[key] += number
        contest = Contest(tuple(keys), ballots=content.total, blank=content.blank, key="q1")
        assert count(content, "schulze", keys=keys, seats=1).outcome == schulze.tabulate(contest, expected)

    @given(contents(Kind.SCORES), st.integers(1, 3))
    def test_of_star_are_those_of_one_ballot_after_the_other(self, content, seats):
        keys = [f"o{number}" for number in range(len(content.names))]
        expected: Counter = Counter()
        for scores, number in content.scores():
            given_scores = {key: score for key, score in zip(keys, scores, strict=False) if score is not None}
            for key in star.count_keys(given_scores, keys):
                expected[key] += number
        contest = Contest(tuple(keys), seats, {"max_score": 10}, content.total, content.blank, key="q1")
        counted = count(content, "star", keys=keys, seats=seats, rules={"max_score": 10})
        assert counted.outcome == star.tabulate(contest, expected)
