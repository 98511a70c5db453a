"""The single transferable vote: counts that can be followed by hand, and what has to hold of each variant."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabulation import rankings, stv
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.draw import Lot, PublicLots
from tabulation.ties import Tie

from .rules import OPTIONS, RANKINGS

each_variant = pytest.mark.parametrize("variant", sorted(stv.VARIANTS))


def count(*papers, options=("ant", "bee", "cat", "dog"), seats=2, variant="scottish", **contest):
    """Count rankings that are written as texts, the best first."""
    counts = Counter()
    for text, number in papers:
        for key in rankings.count_keys(text.split()):
            counts[key] += number
    rules = {"variant": variant}
    return stv.tabulate(
        Contest(tuple(options), seats=seats, rules=rules, ballots=sum(n for _, n in papers), **contest), counts
    )


def actions(outcome):
    """Return what was done in each round, and who was elected then."""
    return [(one["action"], one["of"], one["elected"]) for one in outcome.working["rounds"]]


@each_variant
class TestWorking:
    def test_has_the_quota_also_where_a_tie_ends_the_count(self, variant):
        # Six equal options can leave in more orders than are counted.
        outcome = count(*((option, 1) for option in "abcdef"), options="abcdef", variant=variant)
        assert (outcome.reason, outcome.working["tie"]["keys"]) == ("tie", list("abcdef"))
        quota = None if variant == "meek" else 3 * outcome.working["scale"]
        assert outcome.working["quota"] == quota


class TestScottish:
    def test_moves_a_surplus_at_five_places_and_then_excludes(self):
        # 19 papers for 2 seats: the quota is 7. Ant has 9, and each of its papers moves at 2 / 9, which is 0.22222.
        outcome = count(("ant bee", 5), ("ant cat dog", 4), ("bee", 4), ("cat", 4), ("dog bee", 2))
        assert outcome.working["quota"] == 700_000
        assert actions(outcome) == [
            ("first", [], ["ant"]),
            ("surplus", ["ant"], []),
            ("exclusion", ["dog"], ["bee"]),
        ]
        assert [one["votes"] for one in outcome.working["rounds"]] == [
            {"ant": 900_000, "bee": 400_000, "cat": 400_000, "dog": 200_000},
            {"ant": 700_000, "bee": 511_110, "cat": 488_888, "dog": 200_000},
            {"ant": 700_000, "bee": 711_110, "cat": 488_888},
        ]
        assert [one["transfers"] for one in outcome.working["rounds"]] == [
            {},
            {"bee": 111_110, "cat": 88_888},
            {"bee": 200_000},
        ]
        assert outcome.winners == ("ant", "bee")

    def test_moves_the_largest_surplus_first_and_counts_what_goes_to_nobody(self):
        outcome = count(("ant cat", 7), ("bee dog", 9), ("cat", 1), ("dog", 1), seats=3)
        assert actions(outcome) == [
            ("first", [], ["bee", "ant"]),
            ("surplus", ["bee"], []),
            ("surplus", ["ant"], []),
            ("exclusion", ["cat"], ["dog"]),
        ]
        assert [one["exhausted"] for one in outcome.working["rounds"]] == [0, 0, 0, 299_997]

    def test_passes_over_an_option_that_is_elected(self):
        # Six papers of ant move at 3 / 6, past bee, which has a quota already.
        outcome = count(("ant bee cat", 6), ("bee", 3), ("cat", 1), ("dog cat", 1), seats=3)
        assert actions(outcome) == [("first", [], ["ant", "bee"]), ("surplus", ["ant"], ["cat"])]
        assert outcome.working["rounds"][1]["transfers"] == {"cat": 300_000}

    def test_revalues_papers_that_came_with_a_surplus(self):
        # Quota 6 of 20. Eight papers of ant move at 2 / 8, so that bee has 5 + 2 and a surplus of 1: its own papers
        # move at 1 / 7, which is 0.14285, and those of ant at 0.25 * 1 / 7, which is 0.03571.
        papers = (("ant bee cat", 8), ("bee dog", 5), ("cat", 2), ("dog", 2), ("emu", 3))
        outcome = count(*papers, seats=3, options=(*OPTIONS, "emu"))
        assert outcome.working["quota"] == 600_000
        [bee] = [one for one in outcome.working["rounds"] if one["of"] == ["bee"]]
        assert bee["transfers"] == {"cat": 8 * 3_571, "dog": 5 * 14_285}

    def test_looks_back_for_equal_votes(self):
        # Bee and cat have 3 each after dog; bee had 2 before, and cat 3.
        outcome = count(("ant", 6), ("bee", 2), ("cat", 3), ("dog bee", 1), seats=1)
        assert [one["of"] for one in outcome.working["rounds"] if one["action"] == "exclusion"][:2] == [
            ["dog"],
            ["bee"],
        ]

    def test_looks_back_for_equal_surpluses(self):
        # Quota 10 of 45. Bee and cat have 12 each after the surplus of ant; cat had 9 before, and bee 5.
        papers = (("ant bee", 14), ("ant cat", 6), ("bee", 5), ("cat", 9), ("dog", 6), ("emu", 5))
        outcome = count(*papers, seats=4, options=(*OPTIONS, "emu"))
        assert actions(outcome) == [
            ("first", [], ["ant"]),
            ("surplus", ["ant"], ["bee", "cat"]),
            ("surplus", ["cat"], []),
            ("surplus", ["bee"], []),
            ("exclusion", ["emu"], ["dog"]),
        ]

    def test_excludes_options_without_a_vote_only_as_far_as_all_of_them_go(self):
        # Cat and dog have none; one of them gets the third seat.
        outcome = count(("ant", 5), ("bee", 4), seats=3)
        assert (outcome.winners, outcome.ties) == (("ant", "bee"), (Tie(("cat", "dog"), 1),))
        outcome = count(("ant", 5), ("bee", 4), seats=1)
        assert outcome.decided
        assert "ties_without_effect" not in outcome.working

    def test_draws_which_of_equal_surpluses_moves_first(self):
        lots = PublicLots({"q1": [Lot(2, ("bee", "ant"))]})
        outcome = count(("ant cat", 7), ("bee dog", 7), ("cat", 3), ("dog", 1), seats=3, key="q1", draw=lots)
        assert [one["of"] for one in outcome.working["rounds"]] == [[], ["bee"], ["ant"], ["dog"]]
        assert [one["round"] for one in outcome.working["draws"]] == [2]
        assert outcome.winners == ("ant", "bee", "cat")

    def test_shows_the_tie_of_the_last_seat(self):
        outcome = count(("ant", 6), ("bee", 3), ("cat", 3), options=("ant", "bee", "cat"))
        assert (outcome.winners, outcome.ties) == (("ant",), (Tie(("bee", "cat"), 1),))
        assert outcome.reason == "tie"

    def test_takes_a_lot_that_was_drawn_in_public(self):
        lots = PublicLots({"board": [Lot(3, ("cat", "bee"))]})
        outcome = count(("ant", 6), ("bee", 3), ("cat", 3), options=("ant", "bee", "cat"), key="board", draw=lots)
        assert outcome.winners == ("ant", "cat")
        assert outcome.working["draws"] == [{"round": 3, "order": ["cat", "bee"], "by": "lot"}]

    def test_elects_all_who_are_left_when_they_are_as_many_as_seats(self):
        outcome = count(("ant", 3), ("bee", 1), options=("ant", "bee"), seats=2)
        assert outcome.winners == ("ant", "bee")
        outcome = count(("ant", 3), ("bee", 1), options=("ant", "bee"), seats=5)
        assert outcome.winners == ("ant", "bee")
        assert outcome.reason == "seats-left"


class TestMinneapolis:
    def test_excludes_all_who_cannot_win_together(self):
        outcome = count(("ant", 10), ("bee", 8), ("cat", 1), ("dog", 1), variant="minneapolis", seats=1)
        assert actions(outcome) == [
            ("first", [], []),
            ("exclusion", ["cat", "dog"], []),
            ("exclusion", ["bee"], ["ant"]),
        ]
        # Votes of the last who is excluded are not moved.
        assert outcome.working["rounds"][-1]["votes"] == {"ant": 100_000, "bee": 80_000}

    def test_cuts_the_fraction_of_a_surplus_after_four_places(self):
        outcome = count(("ant bee", 5), ("ant cat", 4), ("bee", 4), ("cat", 4), ("dog", 3), variant="minneapolis")
        # Quota 7 of 20: the fraction is 2 / 9, cut to 0.2222.
        [surplus] = [one for one in outcome.working["rounds"] if one["action"] == "surplus"]
        assert surplus["transfers"] == {"bee": 11_110, "cat": 8_888}


class TestMeek:
    def test_keeps_as_much_of_each_vote_as_an_elected_option_needs(self):
        outcome = count(("ant bee", 6), ("bee", 2), ("cat", 3), ("dog", 1), variant="meek")
        assert outcome.winners == ("ant", "bee")
        # Ant needs 4 of its 6 votes, and a billionth: it keeps two thirds of each. Bee gets the rest of them.
        second = outcome.working["rounds"][1]
        assert (second["quota"], second["keep"]) == (4_000_000_001, {"ant": 666_666_667})
        assert second["votes"] == {
            "ant": 4_000_000_002,
            "bee": 3_999_999_998,
            "cat": 3_000_000_000,
            "dog": 1_000_000_000,
        }

    def test_says_in_each_round_who_is_elected_and_who_leaves(self):
        outcome = count(("ant bee", 6), ("bee", 3), ("cat", 4), ("dog bee", 2), variant="meek")
        told = [(one["action"], one["of"], one["elected"]) for one in outcome.working["rounds"]]
        assert told == [
            ("election", [], ["ant"]),
            ("exclusion", ["dog"], []),
            ("election", [], ["bee"]),
        ]

    def test_elects_several_of_a_round_with_the_most_votes_first(self):
        outcome = count(("cat", 2), ("bee", 6), ("ant", 5), variant="meek")
        assert outcome.winners == ("bee", "ant")

    def test_lowers_the_quota_with_the_votes_that_count_for_nobody(self):
        outcome = count(("ant", 6), ("bee", 3), ("cat", 2), ("dog", 1), variant="meek")
        quotas = [one["quota"] for one in outcome.working["rounds"]]
        assert quotas == sorted(quotas, reverse=True)
        assert quotas[-1] < quotas[0]


@each_variant
class TestAnyVariant:
    def test_is_part_of_the_working(self, variant):
        outcome = count(("ant", 3), ("bee", 2), variant=variant, seats=1)
        assert (outcome.working["variant"], outcome.winners) == (variant, ("ant",))

    def test_refuses_a_ranking_that_names_an_option_twice(self, variant):
        with pytest.raises(InvalidCounts, match="'ant>ant' is no ranking of options"):
            stv.tabulate(Contest(("ant", "bee"), rules={"variant": variant}, ballots=1), {"ant>ant": 1})

    @given(st.lists(st.tuples(RANKINGS, st.integers(1, 9)), min_size=1, max_size=12), st.integers(1, 3))
    @settings(max_examples=40)
    def test_loses_no_more_than_it_cuts_off(self, variant, ballots, seats):
        counts = Counter()
        for ranking, weight in ballots:
            counts[">".join(ranking)] += weight
        total = sum(counts.values())
        contest = Contest(OPTIONS, seats=seats, rules={"variant": variant}, ballots=total)
        working = stv.tabulate(contest, counts).working
        for one in working["rounds"]:
            held = sum(one["votes"].values()) + one["exhausted"]
            # A paper loses less than one unit in each round.
            assert total * working["scale"] - total * len(working["rounds"]) <= held <= total * working["scale"]

    @given(ballots=st.lists(st.tuples(RANKINGS, st.integers(1, 4)), min_size=1, max_size=10))
    @settings(max_examples=40)
    def test_gives_a_group_its_seat(self, variant, ballots):
        # More than a third of the votes rank ant alone: of two seats one is ant's.
        counts = Counter({"ant": sum(weight for _, weight in ballots) // 2 + 2})
        for ranking, weight in ballots:
            counts[">".join(ranking)] += weight
        contest = Contest(OPTIONS, seats=2, rules={"variant": variant}, ballots=sum(counts.values()))
        assert "ant" in stv.tabulate(contest, counts).winners


def test_a_variant_has_to_be_known():
    with pytest.raises(InvalidContest, match="variant is 'irish', and has to be one of scottish, meek, minneapolis"):
        stv.check_rules(Contest(("ant", "bee"), rules={"variant": "irish"}))


def test_rankings_share_the_texts_of_their_options():
    # As the counts of a large election are read, each key has texts of its own.
    contest = Contest(("ant", "bee"), ballots=2)
    for ballots in rankings.read_rankings(contest, {"".join(["ant", ">", "bee"]): 1, "bee": 1}):
        assert all(any(text is key for key in contest.options) for text in ballots.ranking)
