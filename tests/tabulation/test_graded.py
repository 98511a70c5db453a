"""Score, STAR and majority judgment: published examples, and how each breaks its ties."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import grades, majority_judgment, score, star
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.ties import Tie

OPTIONS = ("ant", "bee", "cat")


def count_star(*papers: tuple[dict[str, int], int], options=OPTIONS, **contest):
    counts = Counter()
    for scores, number in papers:
        for key in star.count_keys(scores, options):
            counts[key] += number
    return star.tabulate(Contest(options, ballots=sum(n for _, n in papers), **contest), counts)


def count_grades(distribution: dict[str, list[int]], rule=majority_judgment, **contest):
    """Count as many ballots as the first option has grades; lists are of ballots for 0, 1, 2 and so on."""
    counts = {f"{key}:{grade}": n for key, given in distribution.items() for grade, n in enumerate(given) if n}
    ballots = sum(next(iter(distribution.values())))
    return rule.tabulate(Contest(tuple(distribution), ballots=ballots, **contest), counts)


class TestScore:
    def test_elects_the_highest_total(self):
        outcome = count_grades({"ant": [0, 0, 0, 0, 0, 3], "bee": [0, 0, 0, 0, 3, 0], "cat": [3, 0, 0, 0, 0, 0]}, score)
        assert outcome.winners == ("ant",)
        assert [(one.key, one.count, one.permille) for one in outcome.standings] == [
            ("ant", 15, 1000),
            ("bee", 12, 800),
            ("cat", 0, 0),
        ]

    def test_takes_an_option_without_a_score_for_one_with_nothing(self):
        outcome = score.tabulate(Contest(OPTIONS, ballots=2), {"ant:3": 1, "bee:2": 2})
        assert outcome.winners == ("bee",)

    def test_fills_several_seats_and_shows_a_tie_for_the_last(self):
        distribution = {"ant": [0, 0, 2, 0, 0, 0], "bee": [0, 2, 0, 0, 0, 0], "cat": [0, 2, 0, 0, 0, 0]}
        outcome = count_grades(distribution, score, seats=2)
        assert (outcome.winners, outcome.ties) == (("ant",), (Tie(("bee", "cat"), 1),))

    @pytest.mark.parametrize("rule", [score, star, majority_judgment])
    @pytest.mark.parametrize("best", [0, 11, -1, "5", 2.5, True, None])
    def test_has_a_best_score_from_one_to_ten(self, rule, best):
        with pytest.raises(InvalidContest, match=r"max_score is .*, and has to be a whole number from 1 to 10"):
            rule.check_rules(Contest(OPTIONS, rules={"max_score": best}))

    @pytest.mark.parametrize("best", [1, 10])
    def test_may_be_as_short_and_as_long_as_that(self, best):
        counts = {f"ant:{best}": 2, "bee:0": 1}
        outcome = score.tabulate(Contest(("ant", "bee"), ballots=2, rules={"max_score": best}), counts)
        assert [one.count for one in outcome.standings] == [2 * best, 0]


class TestStar:
    def test_elects_who_is_preferred_in_the_final_and_not_the_highest_total(self):
        # The cities of Tennessee, as starvoting.org has them.
        cities = ("memphis", "nashville", "chattanooga", "knoxville")
        outcome = count_star(
            ({"memphis": 5, "nashville": 2, "chattanooga": 1, "knoxville": 0}, 42),
            ({"memphis": 0, "nashville": 5, "chattanooga": 2, "knoxville": 1}, 26),
            ({"memphis": 0, "nashville": 3, "chattanooga": 5, "knoxville": 4}, 15),
            ({"memphis": 0, "nashville": 2, "chattanooga": 4, "knoxville": 5}, 17),
            options=cities,
        )
        assert [one.count for one in outcome.standings] == [210, 293, 237, 171]
        assert outcome.working["rounds"] == [
            {"finalists": ["nashville", "chattanooga"], "preferring": [68, 32], "elected": "nashville"}
        ]

    def test_may_elect_the_second_total(self):
        outcome = count_star(({"ant": 5, "bee": 0}, 2), ({"ant": 2, "bee": 3}, 3))
        assert [one.count for one in outcome.standings] == [16, 9, 0]
        assert outcome.winners == ("bee",)

    def test_breaks_a_tie_for_the_final_by_preferences(self):
        # Bee and cat both have 4 points; more ballots prefer cat.
        outcome = count_star(({"ant": 5, "bee": 4}, 1), ({"ant": 5, "cat": 2}, 2))
        assert outcome.working["rounds"][0]["finalists"] == ["ant", "cat"]

    def test_breaks_it_then_by_the_best_score(self):
        # Bee and cat both have 6 points and two ballots that prefer them; only bee has a 5.
        papers = [{"ant": 5, "bee": 5}, {"ant": 5, "bee": 1}, {"ant": 5, "cat": 4}, {"ant": 5, "cat": 2}]
        outcome = count_star(*((scores, 1) for scores in papers))
        assert outcome.working["rounds"][0]["finalists"] == ["ant", "bee"]

    def test_breaks_a_tie_in_the_final_by_the_total(self):
        outcome = count_star(({"ant": 5, "bee": 1}, 1), ({"ant": 3, "bee": 4}, 1))
        assert outcome.working["rounds"][0]["preferring"] == [1, 1]
        assert outcome.winners == ("ant",)

    def test_shows_a_tie_that_nothing_breaks(self):
        outcome = count_star(({"ant": 5}, 1), ({"bee": 5}, 1))
        assert (outcome.winners, outcome.ties) == ((), (Tie(("ant", "bee"), 1),))
        assert outcome.working["tie"] == {"round": 1, "keys": ["ant", "bee"]}

    def test_with_several_seats_repeats_itself_without_those_elected(self):
        outcome = count_star(({"ant": 5, "bee": 4, "cat": 0}, 3), ({"ant": 0, "bee": 0, "cat": 5}, 2), seats=2)
        assert outcome.winners == ("ant", "bee")

    def test_draws_nothing_where_all_get_a_seat(self):
        outcome = count_star(({"ant": 5}, 1), ({"bee": 5}, 1), seats=2)
        assert set(outcome.winners) == {"ant", "bee"}
        assert outcome.decided
        assert "ties_without_effect" not in outcome.working

    def test_is_decided_where_each_way_elects_the_same(self):
        # Ant and bee are equal in all; both are elected before cat, whichever is first.
        outcome = count_star(({"ant": 5, "cat": 1}, 1), ({"bee": 5, "cat": 1}, 1), seats=2)
        assert set(outcome.winners) == {"ant", "bee"}
        assert outcome.working["ties_without_effect"] == [{"round": 1, "keys": ["ant", "bee"]}]


# Of 1,733 ballots in Orsay on 22 April 2007, in tenths of a percent, from "Excellent" to "To reject": Michel Balinski
# and Rida Laraki, "Election by Majority Judgment: Experimental Evidence" (2007). By their majority-ranking.
ORSAY = {
    "bayrou": (136, 307, 251, 148, 84, 74),
    "royal": (167, 227, 191, 168, 122, 126),
    "sarkozy": (191, 198, 143, 115, 71, 282),
    "voynet": (29, 93, 175, 237, 261, 205),
    "besancenot": (41, 99, 163, 160, 226, 311),
    "buffet": (25, 76, 125, 206, 264, 304),
    "bové": (15, 60, 114, 160, 257, 395),
    "laguiller": (21, 53, 102, 166, 259, 401),
    "nihous": (3, 18, 53, 110, 267, 550),
    "de-villiers": (24, 64, 87, 113, 158, 555),
    "schivardi": (5, 10, 39, 95, 249, 604),
    "le-pen": (30, 46, 62, 65, 54, 744),
}


class TestMajorityJudgment:
    def test_ranks_the_candidates_of_orsay_as_its_authors_did(self):
        options = tuple(sorted(ORSAY))
        ballots = max(map(sum, ORSAY.values()))
        counts = {f"{key}:{5 - place}": n for key, given in ORSAY.items() for place, n in enumerate(given)}
        outcome = majority_judgment.tabulate(Contest(options, ballots=ballots), counts)
        assert outcome.working["ranking"] == [[key] for key in ORSAY]
        assert [outcome.working["medians"][key] for key in ORSAY] == [3, 3, 3, 2, 1, 1, 1, 1, 0, 0, 0, 0]

    def test_elects_the_best_median(self):
        outcome = count_grades({"ant": [1, 0, 0, 4, 0, 0], "bee": [0, 2, 1, 0, 2, 0], "cat": [3, 0, 0, 0, 0, 2]})
        assert outcome.working["medians"] == {"ant": 3, "bee": 2, "cat": 0}
        assert outcome.winners == ("ant",)

    def test_takes_the_lower_of_two_in_the_middle(self):
        outcome = count_grades({"ant": [0, 1, 0, 0, 0, 1], "bee": [0, 0, 2, 0, 0, 0]})
        assert outcome.working["medians"] == {"ant": 1, "bee": 2}

    def test_gives_the_lowest_grade_to_an_option_that_a_ballot_does_not_grade(self):
        outcome = majority_judgment.tabulate(Contest(OPTIONS, ballots=3), {"ant:5": 1, "bee:1": 2})
        assert outcome.working["distribution"]["ant"] == [2, 0, 0, 0, 0, 1]
        assert outcome.winners == ("bee",)

    def test_takes_medians_away_until_they_differ(self):
        # Medians taken away one by one: 3 3 3 2 ... for ant, 3 3 3 4 ... for bee.
        outcome = count_grades({"ant": [0, 0, 2, 3, 0, 0], "bee": [0, 1, 0, 3, 1, 0]})
        assert outcome.winners == ("bee",)
        assert outcome.working["ranking"] == [["bee"], ["ant"]]

    def test_ties_where_all_grades_are_the_same(self):
        outcome = count_grades({"ant": [1, 0, 2, 0, 0, 0], "bee": [1, 0, 2, 0, 0, 0]})
        assert outcome.ties == (Tie(("ant", "bee"), 1),)

    @given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=8), min_size=2, max_size=4))
    def test_ranks_as_the_medians_do_that_are_taken_away_one_by_one(self, columns):
        number = min(map(len, columns))
        columns = {f"o{index}": sorted(grade for grade in column[:number]) for index, column in enumerate(columns)}

        def sequence(column):
            left, medians = list(column), []
            while left:
                medians.append(left.pop((len(left) - 1) // 2))
            return medians

        outcome = count_grades(
            {key: [column.count(grade) for grade in range(4)] for key, column in columns.items()},
            rules={"max_score": 3},
        )
        ranking = [[sequence(columns[key]) for key in level] for level in outcome.working["ranking"]]
        assert all(one == level[0] for level in ranking for one in level)
        levels = [level[0] for level in ranking]
        assert levels == sorted(levels, reverse=True)
        assert len(levels) == len({tuple(level) for level in levels})

    def test_of_a_million_ballots_is_counted_as_quickly_as_of_ten(self):
        outcome = count_grades({"ant": [400_000, 0, 0, 0, 0, 600_001], "bee": [399_999, 0, 0, 0, 1, 600_001]})
        assert outcome.winners == ("bee",)


def test_a_total_is_the_sum_of_scores():
    assert grades.total([7, 2, 0, 1]) == 5


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"ant:6": 1}, "^'ant:6' is no score of an option of this contest, from 0 to 5$"),
        ({"ant:5": -1}, "^ant:5 cannot be counted -1 times$"),
        ({"ant:5": 3, "ant:1": 2}, "^4 marked ballots cannot give 5 scores to ant$"),
    ],
)
def test_scores_are_refused_with_the_reason(counts, reason):
    with pytest.raises(InvalidCounts, match=reason):
        grades.read_distribution(Contest(OPTIONS, ballots=5, blank=1), counts, 5)


def test_a_best_score_is_refused_with_its_value():
    with pytest.raises(InvalidContest, match=r"^max_score is '7', and has to be a whole number from 1 to 10$"):
        grades.read_max_score(Contest(OPTIONS, rules={"max_score": "7"}))
