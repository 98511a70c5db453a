"""Borda, instant runoff and Schulze: published examples, and how each breaks its ties."""

from collections import Counter
from itertools import pairwise as neighbours

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabulation import borda, irv, pairwise, rankings, schulze
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.ties import Tie

from .rules import OPTIONS, RANKINGS, RULES

# The capital of Tennessee, as Wikipedia has it: in percent of the voters.
CITIES = ("memphis", "nashville", "chattanooga", "knoxville")
TENNESSEE = (
    ("memphis nashville chattanooga knoxville", 42),
    ("nashville chattanooga knoxville memphis", 26),
    ("chattanooga knoxville nashville memphis", 15),
    ("knoxville chattanooga nashville memphis", 17),
)


def count(rule, count_keys, papers, options, **contest):
    """Count rankings that are written as texts, the best first."""
    counts = Counter()
    for text, number in papers:
        for key in count_keys(text.split()):
            counts[key] += number
    return rule.tabulate(Contest(tuple(options), ballots=sum(n for _, n in papers), **contest), counts)


def count_irv(*papers, options=("ant", "bee", "cat", "dog"), **contest):
    return count(irv, rankings.count_keys, papers, options, **contest)


def count_schulze(*papers, options, **contest):
    return count(
        schulze, lambda keys: pairwise.count_keys([[key] for key in keys], options), papers, options, **contest
    )


class TestBorda:
    def test_elects_the_capital_of_tennessee(self):
        outcome = count(borda, borda.count_keys, TENNESSEE, CITIES)
        # Wikipedia counts from 3 to 0, which is one less for each of the 100 ballots.
        assert [one.count - 100 for one in outcome.standings] == [126, 194, 173, 107]
        assert outcome.winners == ("nashville",)

    def test_elects_who_is_last_by_first_choices_in_the_example_of_its_author(self):
        # Borda's memoir: of 21 voters 8 put A first, but 13 put it last. He gives 3, 2 and 1.
        papers = [("a b c", 1), ("a c b", 7), ("b c a", 7), ("c b a", 6)]
        outcome = count(borda, borda.count_keys, papers, ("a", "b", "c"))
        assert [one.count for one in outcome.standings] == [37, 42, 47]
        assert outcome.winners == ("c",)

    def test_gives_nothing_to_an_option_that_is_not_ranked(self):
        outcome = count(borda, borda.count_keys, [("ant", 1), ("bee ant", 2)], ("ant", "bee", "cat"))
        assert [one.count for one in outcome.standings] == [7, 6, 0]
        assert outcome.working["places"] == {"ant": [1, 2, 0], "bee": [2, 0, 0], "cat": [0, 0, 0]}

    @pytest.mark.parametrize(
        "counts",
        [
            {"ant:2": 1},
            {"ant:1": 2, "bee:2": 3},
            {"ant:1": 2, "bee:1": 2},
            {"ant:1": 2, "bee:1": 1, "ant:2": 2},
        ],
    )
    def test_refuses_places_that_no_rankings_fill(self, counts):
        with pytest.raises(InvalidCounts, match="3 marked ballots cannot"):
            borda.tabulate(Contest(("ant", "bee", "cat"), ballots=3), counts)


class TestInstantRunoff:
    def test_elects_knoxville_in_tennessee(self):
        outcome = count_irv(*TENNESSEE, options=CITIES)
        assert outcome.winners == ("knoxville",)
        assert outcome.working["rounds"] == [
            {
                "votes": {"memphis": 42, "nashville": 26, "chattanooga": 15, "knoxville": 17},
                "exhausted": 0,
                "elected": [],
                "excluded": ["chattanooga"],
                "transfers": {"knoxville": 15},
                "lost": 0,
            },
            {
                "votes": {"memphis": 42, "nashville": 26, "knoxville": 32},
                "exhausted": 0,
                "elected": [],
                "excluded": ["nashville"],
                "transfers": {"knoxville": 26},
                "lost": 0,
            },
            {
                "votes": {"memphis": 42, "knoxville": 58},
                "exhausted": 0,
                "elected": ["knoxville"],
                "excluded": [],
                "transfers": {},
            },
        ]

    def test_needs_more_than_half_of_the_votes_that_still_count(self):
        outcome = count_irv(("ant", 5), ("bee", 4), ("cat", 2))
        assert outcome.winners == ("ant",)
        last = outcome.working["rounds"][-1]
        assert (last["votes"]["ant"], last["exhausted"]) == (5, 2)

    def test_with_half_of_the_votes_is_not_over(self):
        outcome = count_irv(("ant", 4), ("bee", 3), ("cat bee", 1), options=("ant", "bee", "cat"))
        assert [one["excluded"] for one in outcome.working["rounds"]] == [["cat"], ["bee"], []]
        assert outcome.winners == ("ant",)

    def test_looks_back_where_the_fewest_votes_are_equal(self):
        # Bee and cat have 5 each after dog has left; bee had 4 before, and cat 5.
        outcome = count_irv(("ant", 7), ("bee ant", 4), ("cat bee", 5), ("dog bee", 1))
        assert [one["excluded"] for one in outcome.working["rounds"]][:2] == [["dog"], ["bee"]]

    def test_shows_a_tie_that_matters(self):
        outcome = count_irv(("ant", 3), ("bee cat", 2), ("cat bee", 2), options=("ant", "bee", "cat"))
        assert (outcome.winners, outcome.ties) == ((), (Tie(("bee", "cat"), 1),))
        assert outcome.working["tie"] == {"round": 1, "keys": ["bee", "cat"]}
        assert outcome.working["rounds"] == []

    def test_is_decided_where_a_tie_does_not_matter(self):
        # Without bee ant has 5 of 7, without cat 3 of 5.
        outcome = count_irv(("ant", 3), ("bee ant", 2), ("cat", 2), options=("ant", "bee", "cat"))
        assert outcome.winners == ("ant",)
        assert outcome.working["ties_without_effect"] == [{"round": 1, "keys": ["bee", "cat"]}]

    def test_excludes_options_without_a_vote_whatever_their_order(self):
        outcome = count_irv(("ant bee", 3), ("bee ant", 4))
        assert outcome.winners == ("bee",)
        outcome = count_irv(("ant bee", 3), ("bee ant", 3), ("cat bee ant", 1))
        assert outcome.winners == ("bee",)
        assert "ties_without_effect" not in outcome.working

    def test_has_one_seat(self):
        with pytest.raises(InvalidContest, match="fills one seat, not 2: take stv"):
            irv.check_rules(Contest(("ant", "bee"), seats=2))

    @given(ballots=st.lists(st.tuples(RANKINGS, st.integers(1, 4)), min_size=1, max_size=10), data=st.data())
    @settings(max_examples=60)
    def test_a_later_preference_does_no_harm_to_an_earlier_one(self, ballots, data):
        [rule] = [rule for rule in RULES if rule.name == "irv"]
        place = data.draw(st.integers(0, len(ballots) - 1))
        ranking, weight = ballots[place]
        length = data.draw(st.integers(1, len(ranking)))
        cut = [*ballots[:place], (ranking[:length], weight), *ballots[place + 1 :]]
        # With lower preferences or without them: who is elected of the upper ones stays so.
        before = set(rule.count(ballots).winners) & set(ranking[:length])
        after = rule.count(cut)
        assert before <= {*after.winners, *(key for tie in after.ties for key in tie.keys)}


# Markus Schulze, "The Schulze Method of Voting" (arXiv:1804.02973), section 3: examples 1, 2, 4, 5 and 8 (situation 1)
# with the strengths of the strongest paths by winning votes, as the reports of its examples have them.
SCHULZE_EXAMPLES = [
    pytest.param(
        [(8, "acdb"), (2, "badc"), (4, "cdba"), (4, "dbac"), (3, "dcba")],
        ["d"],
        [[0, 14, 14, 12], [13, 0, 13, 12], [13, 15, 0, 12], [13, 19, 13, 0]],
        id="1",
    ),
    pytest.param(
        [(3, "acdb"), (9, "bacd"), (8, "cdab"), (5, "dabc"), (5, "dbca")],
        ["c"],
        [[0, 17, 17, 17], [18, 0, 19, 19], [18, 20, 0, 20], [18, 21, 19, 0]],
        id="2",
    ),
    pytest.param(
        [(3, "abcd"), (2, "cbda"), (2, "dabc"), (2, "dbca")],
        ["b", "d"],
        [[0, 5, 5, 5], [5, 0, 7, 5], [5, 5, 0, 5], [6, 5, 5, 0]],
        id="4",
    ),
    pytest.param(
        [(12, "abcd"), (6, "adbc"), (9, "bcda"), (15, "cdab"), (21, "dbac")],
        ["d"],
        [[0, 36, 39, 36], [36, 0, 48, 36], [36, 36, 0, 36], [45, 42, 42, 0]],
        id="5",
    ),
    pytest.param(
        [(3, "abdc"), (5, "adbc"), (1, "adcb"), (2, "badc"), (2, "bdca"),
         (4, "cabd"), (6, "cbad"), (2, "dbca"), (5, "dcab")],
        ["a"],
        [[0, 18, 20, 21], [17, 0, 17, 17], [19, 18, 0, 19], [19, 18, 20, 0]],
        id="8",
    ),
]  # fmt: skip


class TestSchulze:
    def test_ranks_as_in_the_first_example_of_the_paper(self):
        options = ("a", "b", "c", "d", "e")
        papers = [
            ("a c b e d", 5), ("a d e c b", 5), ("b e d a c", 8), ("c a b e d", 3),
            ("c a e b d", 7), ("c b a d e", 2), ("d c e b a", 7), ("e b a d c", 8),
        ]  # fmt: skip
        outcome = count_schulze(*papers, options=options)
        assert outcome.working["matrix"] == [
            [0, 20, 26, 30, 22],
            [25, 0, 16, 33, 18],
            [19, 29, 0, 17, 24],
            [15, 12, 28, 0, 14],
            [23, 27, 21, 31, 0],
        ]
        assert outcome.working["paths"] == [
            [0, 28, 28, 30, 24],
            [25, 0, 28, 33, 24],
            [25, 29, 0, 29, 24],
            [25, 28, 28, 0, 24],
            [25, 28, 28, 31, 0],
        ]
        assert outcome.working["ranking"] == [["e"], ["a"], ["c"], ["b"], ["d"]]
        assert outcome.winners == ("e",)

    @pytest.mark.parametrize(("ballots", "first", "paths"), SCHULZE_EXAMPLES)
    def test_counts_the_examples_of_the_later_paper(self, ballots, first, paths):
        papers = [(" ".join(ranking), number) for number, ranking in ballots]
        outcome = count_schulze(*papers, options=("a", "b", "c", "d"))
        assert outcome.working["ranking"][0] == first
        assert outcome.working["paths"] == paths

    def test_elects_the_capital_of_tennessee(self):
        outcome = count_schulze(*TENNESSEE, options=CITIES)
        assert outcome.working["ranking"] == [["nashville"], ["chattanooga"], ["knoxville"], ["memphis"]]

    def test_takes_the_weaker_opposition_for_the_stronger_victory(self):
        # Each victory of the circle has 5 ballots for it; ant's over bee has the fewest against it.
        counts = {"ant>bee": 5, "bee>ant": 1, "bee>cat": 5, "cat>bee": 2, "cat>ant": 5, "ant>cat": 3}
        outcome = schulze.tabulate(Contest(("ant", "bee", "cat"), ballots=8), counts)
        assert outcome.winners == ("ant",)

    def test_may_take_margins(self):
        # Bee beats cat by 5 to 4, cat beats ant by 4 to 1, ant beats bee by 3 to 1.
        counts = {"ant>bee": 3, "bee>ant": 1, "bee>cat": 5, "cat>bee": 4, "cat>ant": 4, "ant>cat": 1}
        contest = Contest(("ant", "bee", "cat"), ballots=9)
        assert schulze.tabulate(contest, counts).winners == ("bee",)
        margins = Contest(("ant", "bee", "cat"), ballots=9, rules={"strength": "margins"})
        assert schulze.tabulate(margins, counts).winners == ("cat",)

    def test_ties_where_nobody_beats_another(self):
        outcome = count_schulze(("ant bee", 1), ("bee ant", 1), options=("ant", "bee", "cat"))
        assert (outcome.winners, outcome.ties) == ((), (Tie(("ant", "bee"), 1),))

    def test_fills_seats_level_by_level(self):
        outcome = count_schulze(("ant bee cat", 2), ("ant cat bee", 2), options=("ant", "bee", "cat", "dog"), seats=2)
        assert (outcome.winners, outcome.ties) == (("ant",), (Tie(("bee", "cat"), 1),))

    def test_refuses_more_preferences_than_there_are_ballots(self):
        with pytest.raises(InvalidCounts, match="3 marked ballots cannot prefer bee or ant 4 times"):
            schulze.tabulate(Contest(("ant", "bee"), ballots=3), {"ant>bee": 2, "bee>ant": 2})

    def test_knows_two_strengths(self):
        with pytest.raises(InvalidContest, match="strength is 'ratio', and has to be one of winning-votes, margins"):
            schulze.check_rules(Contest(("ant", "bee"), rules={"strength": "ratio"}))

    @given(st.lists(st.tuples(RANKINGS, st.integers(1, 4)), min_size=1, max_size=10))
    @settings(max_examples=60)
    def test_puts_each_option_above_those_that_it_beats(self, ballots):
        [rule] = [rule for rule in RULES if rule.name == "schulze"]
        outcome = rule.count(ballots)
        levels = {key: number for number, level in enumerate(outcome.working["ranking"]) for key in level}
        # An option that wins against each other one has the first level for itself.
        matrix = outcome.working["matrix"]
        for row, key in enumerate(OPTIONS):
            if all(matrix[row][column] > matrix[column][row] for column in range(len(OPTIONS)) if column != row):
                assert outcome.winners == (key,)
        for one, other in neighbours(sorted(OPTIONS, key=levels.__getitem__)):
            assert levels[one] <= levels[other]


class TestPairs:
    def test_put_equals_together_and_what_is_left_out_last(self):
        keys = pairwise.count_keys([["bee"], ["ant", "cat"]], ("ant", "bee", "cat", "dog"))
        assert keys == ["ant>dog", "bee>ant", "bee>cat", "bee>dog", "cat>dog"]

    @pytest.mark.parametrize(
        ("counts", "reason"),
        [
            *(
                ({key: 1}, f"^'{key}' is no pair of two options of this contest$")
                for key in ("ant", "ant>emu", "emu>ant")
            ),
            ({"ant>ant": 1}, "^'ant>ant' is no pair of two options"),
            ({"ant>bee": -1}, "^ant>bee cannot be counted -1 times$"),
        ],
    )
    def test_are_refused_with_the_reason(self, counts, reason):
        with pytest.raises(InvalidCounts, match=reason):
            pairwise.read_matrix(Contest(("ant", "bee"), ballots=3), counts)
