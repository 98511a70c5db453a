"""How results are told: the sentences, the tables and the figures of each method."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import translation

from polls import methods
from polls.methods.telling import Told, enumerate_texts, write_number
from tabulation.contest import Contest
from tabulation.draw import Lot, PublicLots, SecretDraw
from tabulation.outcome import Outcome
from tests.results.papers import make_snapshot, render, single

from .marks import ask, count_keys

PEOPLE = ("ana", "bea", "carlo")
# Nine ballots: ana leads, carlo is last, and most of his ballots go to bea.
RANKINGS = {"ana>carlo": 4, "bea>ana": 3, "carlo>bea": 1, "carlo": 1}
SCORES = {"ana:5,bea:3,carlo:0": 4, "bea:5,carlo:4": 3, "ana:1,bea:2,carlo:5": 2}
# What each method is asked to tell, by its name.
MARKINGS: dict[str, Mapping[str, int]] = {
    "irv": RANKINGS,
    "stv": RANKINGS,
    "schulze": RANKINGS,
    "score": SCORES,
    "star": SCORES,
    "majority-judgment": SCORES,
    "approval-committee": {"ana,bea": 5, "carlo": 3, "ana": 1},
}


def count(method: str, markings: Mapping[str, int], **changes: Any) -> dict[str, int]:
    """Return the counts of markings, each as often as it says."""
    asked = ask(method, PEOPLE, **changes)
    counts: dict[str, int] = {}
    for marking, number in markings.items():
        for key in count_keys(asked, marking):
            counts[key] = counts.get(key, 0) + number
    return counts


def tell(method: str, markings: Mapping[str, int], draw: Any = None, **changes: Any) -> Told:
    """Return what a method tells of markings, each as often as it says."""
    asked = ask(method, PEOPLE, **changes)
    given = Contest(PEOPLE, asked.seats, asked.rules, ballots=sum(markings.values()), key="q1", draw=draw)
    outcome = methods.get(method).tabulate(given, count(method, markings, **changes))
    # As the results read it: stored as JSON, in which the order of names is lost.
    return methods.get(method).tell(asked, Outcome.from_json(outcome.to_json()))


EXPECTED = {
    "irv": [
        "Round 1: nobody reached 5 votes. Carlo was last with 2 votes and left. "
        "Votes that moved: 1 to Bea and 1 to nobody.",
        "Round 2: nobody reached 5 votes. Bea was last with 4 votes and left. "
        "Votes that moved: 3 to Ana and 1 to nobody.",
        "Round 3: Ana had 7 of 7 votes, more than half, and is elected.",
    ],
    "stv": [
        "Round 1: each ballot counted for its first choice. The quota was 4 votes. "
        "Elected with the quota: Ana with 4 votes.",
        "Round 2: Carlo had the fewest votes, 2 votes, and left. Votes that moved: 1 to Bea and 1 to nobody. "
        "Elected with the quota: Bea with 4 votes.",
    ],
    "schulze": [
        "Compared one by one, no option beats all others. So chains of victories decide: a chain is as strong as its "
        "weakest victory. An option comes before another if its strongest chain to it is stronger than any chain back.",
        "Ana comes before Carlo: its strongest chain there is worth 7, the one back 0.",
        "The order: 1. Ana; 2. Carlo; 3. Bea.",
    ],
    "score": ["The totals: Bea 31; Ana 22; Carlo 22. The highest one wins."],
    "star": [
        "The totals: Bea 31; Ana 22; Carlo 22.",
        "Runoff 1: Bea against Carlo. 7 scored Bea higher, 2 scored Carlo higher. Bea is elected.",
    ],
    "majority-judgment": [
        "1. Carlo: the median grade is “Very good”; 5 gave this grade or a better one.",
        "2. Bea: the median grade is “Good”; 7 gave this grade or a better one.",
        "3. Ana: the median grade is “Poor”; 6 gave this grade or a better one.",
    ],
    "approval-committee": [
        "Seat 1: Ana had the most approvals, 6.",
        "Seat 2: Carlo had the highest sum, 3.",
        "A ballot that has elected one of its options counts a half for the others, one that has elected two a third, "
        "and so on.",
    ],
}
SEVERAL = {"stv": 2, "approval-committee": 2}


@pytest.mark.parametrize("method", MARKINGS)
class TestEachMethod:
    def test_is_told_in_sentences(self, method):
        assert list(tell(method, MARKINGS[method], seats=SEVERAL.get(method, 1)).sentences) == EXPECTED[method]

    def test_of_nothing_says_so(self, method):
        told = tell(method, {})
        assert list(told.sentences) == ["No ballot has marked an option yet."]
        assert [*told.figures, *told.tables] == []

    @pytest.mark.urls("voting_site.urls.result")
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_is_on_the_page_in_numbers_that_svg_can_read(self, method, language):
        asked = ask(method, PEOPLE, seats=SEVERAL.get(method, 1))
        counts = {f"q1:{key}": 1234 * n for key, n in count(method, MARKINGS[method]).items()}
        page = render(make_snapshot(counts, 1234 * 9, single(asked)), language)
        assert page.count("data-told") == 1
        assert ("Así se cuenta" if language == "es" else "How it is counted") in page
        numbers = re.findall(r' (?:x|y|width|height|x1|x2|fill-opacity|viewBox)="([^"]*)"', page)
        assert numbers
        assert not [one for one in numbers if not re.fullmatch(r"(-?\d+(\.\d+)?(%|em)? ?)+", one)]


class TestTransfers:
    @pytest.mark.parametrize(
        ("variant", "sentence"),
        [
            (
                "scottish",
                "what Ana had above the quota went on. Votes that moved: 0.99999 to Bea and 0.99999 to nobody.",
            ),
            ("meek", "what the elected had above the quota went on. The quota was 2.41666 votes."),
            (
                "minneapolis",
                "what Ana had above the quota went on. Votes that moved: 0.9999 to Bea and 0.9999 to nobody.",
            ),
        ],
    )
    def test_of_a_surplus_are_told(self, variant, sentence):
        markings = {"ana>bea": 3, "ana": 3, "bea": 1, "carlo": 2}
        assert (
            tell("stv", markings, seats=2, rules={"variant": variant}).sentences[1].startswith(f"Round 2: {sentence}")
        )

    def test_say_who_takes_a_seat_without_the_quota(self):
        told = tell("stv", {"ana": 4, "bea": 2, "carlo": 1}, seats=2).sentences
        assert told[-1].endswith("Elected to the seats that were left: Bea.")

    def test_are_in_a_table(self):
        [table] = tell("irv", {"ana>bea": 4, "bea": 3, "carlo>bea": 2}).tables
        written = {row.head: [cell.text for cell in row.cells] for row in table.rows}
        assert written == {"Ana": ["4", "4"], "Bea": ["3", "5"], "Carlo": ["2", ""], "counts for nobody": ["0", "0"]}
        assert [cell.kind for cell in table.rows[1].cells] == ["", "elected"]

    def test_are_drawn_as_ribbons_as_wide_as_their_votes(self):
        figure = tell("irv", {"ana": 4, "bea": 3, "carlo>ana": 1, "carlo": 1}).figures[0]
        bars = {block.title: block.height for block in figure.drawn.blocks}
        one = 320 / 9
        assert bars["Ana: 4"] == pytest.approx(4 * one, abs=0.01)
        assert bars["nobody: 1"] == pytest.approx(one, abs=0.01)
        # What stays with ana and with bea, and what carlo gives to ana and to nobody.
        assert len(figure.drawn.ribbons) == 4

    def test_of_a_very_long_count_are_told_but_not_all_drawn(self):
        options = tuple(f"o{number}" for number in range(60))
        asked = ask("irv", options)
        counts = {key: 1 + place for place, key in enumerate(options)}
        outcome = methods.get("irv").tabulate(Contest(options, 1, {}, ballots=sum(counts.values())), counts)
        told = methods.get("irv").tell(asked, outcome)
        assert len(told.sentences) == len(outcome.working["rounds"]) > 40
        assert len(told.tables[0].head) == 40
        assert list(told.notes) == ["Figure and table have the last 40 rounds."]


class TestComparisons:
    def test_are_in_a_table_in_the_order_of_the_result(self):
        told = tell("schulze", {"bea>ana>carlo": 3, "ana": 1})
        assert told.sentences[0] == "Compared one by one, Bea beats each other option."
        written = {row.head: [(cell.text, cell.kind) for cell in row.cells] for row in told.tables[0].rows}
        assert written == {
            "1. Bea": [("–", ""), ("3", "won"), ("3", "won")],
            "2. Ana": [("1", "lost"), ("–", ""), ("4", "won")],
            "3. Carlo": [("0", "lost"), ("0", "lost"), ("–", "")],
        }

    def test_of_very_many_options_are_cut(self):
        options = tuple(f"o{number}" for number in range(100))
        outcome = methods.get("schulze").tabulate(Contest(options, 1, {}, ballots=1), {"o1>o2": 1})
        told = methods.get("schulze").tell(ask("schulze", options), outcome)
        assert len(told.tables[0].rows) == 20
        assert list(told.notes) == ["The first 20 options are compared here; results.json has all."]


class TestDistributions:
    @pytest.mark.parametrize("method", ["score", "majority-judgment"])
    def test_of_very_many_options_are_cut(self, method):
        options = tuple(f"o{number}" for number in range(101))
        outcome = methods.get(method).tabulate(Contest(options, 1, {}, ballots=1), {"o7:5": 1})
        told = methods.get(method).tell(ask(method, options), outcome)
        assert (len(told.tables[0].rows), len(told.figures[0].drawn.bars)) == (100, 100)
        assert list(told.notes) == ["Figure and table have the first 100 options; results.json has all."]


class TestRounds:
    def test_of_star_are_runoffs(self):
        told = tell("star", SCORES, seats=2)
        drawn = told.figures[1].drawn
        assert [(one.name, [(bar.label, bar.number, bar.kind) for bar in one.bars]) for one in drawn] == [
            ("Runoff 1", [("Bea", "7", "elected"), ("Carlo", "2", ""), ("scored equal", "0", "even")]),
            ("Runoff 2", [("Ana", "4", ""), ("Carlo", "5", "elected"), ("scored equal", "0", "even")]),
        ]
        assert drawn[0].bars[0].width == "77.778%"
        written = [(row.head, [cell.text for cell in row.cells]) for row in told.tables[1].rows]
        assert written[:2] == [("Runoff 1", ["Bea", "31", "7"]), ("Runoff 1", ["Carlo", "22", "2"])]

    def test_of_a_committee_are_seats_with_exact_sums_as_decimals(self):
        told = tell("approval-committee", {"ana,bea": 5, "carlo": 2, "ana": 1}, seats=2)
        drawn = told.figures[0].drawn
        assert [(one.name, [(bar.label, bar.number, bar.kind) for bar in one.bars]) for one in drawn] == [
            ("Seat 1", [("Ana", "6", "elected"), ("Bea", "5", ""), ("Carlo", "2", "")]),
            ("Seat 2", [("Bea", "2.5", "elected"), ("Carlo", "2", "")]),
        ]
        assert drawn[1].bars[0].width == "31.250%"

    def test_are_the_last_ones_of_many_with_the_longest_bars(self):
        options = tuple(f"o{number}" for number in range(20))
        asked = ask("approval-committee", options, seats=15)
        counts = {key: 100 - place for place, key in enumerate(options)}
        given = Contest(options, 15, {}, ballots=sum(counts.values()))
        told = methods.get("approval-committee").tell(asked, methods.get("approval-committee").tabulate(given, counts))
        drawn = told.figures[0].drawn
        assert [drawn[0].name, drawn[-1].name, len(drawn[0].bars), len(drawn[-1].bars)] == ["Seat 4", "Seat 15", 8, 6]
        assert list(told.notes) == ["The figure has the last 12 rounds; the table has all."]


class TestTies:
    TIED = {"ana": 2, "bea": 2, "carlo": 1}

    def test_without_an_effect_are_told(self):
        told = tell("irv", {"ana": 3, "bea": 1, "carlo": 1, "bea>ana": 0}).sentences
        assert told[-1] == "Round 1: Ana had 3 of 5 votes, more than half, and is elected."
        told = tell("irv", {"ana": 2, "bea": 1, "carlo": 1}).sentences
        assert told[-1] == ("Round 1: Bea and Carlo were equal. Whichever of them comes first, the same are elected.")

    def test_that_only_a_draw_can_break_stay_open(self):
        assert tell("irv", self.TIED).sentences[-2:] == [
            "Round 2: Ana and Bea are equal, and the rule has nothing more to tell them apart.",
            "Ana and Bea tie for the last seat. Only a draw can decide between them.",
        ]

    def test_for_several_seats_say_how_many(self):
        told = tell("approval-committee", {"ana": 1, "bea": 1, "carlo": 1}, seats=2).sentences
        assert told[-1] == "Ana, Bea and Carlo tie for the last 2 seats. Only a draw can decide between them."

    @pytest.mark.parametrize(
        ("draw", "sentence"),
        [
            (PublicLots({"q1": [Lot(2, ("bea", "ana"))]}), "A lot drawn in public gave the order: Bea, Ana."),
            (
                SecretDraw("salt"),
                "The draw from the secret that was fixed beforehand gave the order: "
                + ", ".join(key.title() for key in SecretDraw("salt").order("q1", "irv", 2, ("ana", "bea")))
                + ".",
            ),
        ],
    )
    def test_that_were_drawn_say_how(self, draw, sentence):
        assert tell("irv", self.TIED, draw).sentences[-1] == f"Round 2: Ana and Bea were equal. {sentence}"

    def test_in_a_runoff_of_scores_say_what_decides(self):
        told = tell("star", {"ana:5,bea:1": 1, "bea:2": 1}).sentences
        assert told[-1].endswith(
            "Both are equal: the higher total decides, then more of the best score. Ana is elected."
        )

    def test_of_medians_say_how_they_are_broken(self):
        told = tell("majority-judgment", {"ana:5,bea:5": 2, "ana:3,bea:5": 1})
        assert "one median grade is taken away from each" in told.sentences[-1]


class TestWords:
    def test_enumerate(self):
        texts = [enumerate_texts(["a", "b", "c"][:number]) for number in range(4)]
        assert texts == ["", "a", "a and b", "a, b and c"]

    @pytest.mark.parametrize(
        ("number", "scale", "written"),
        [
            (7, 1, "7"),
            (1234567, 1, "1,234,567"),
            (1250, 1000, "1.25"),
            (200000, 100000, "2"),
            (2666666666, 10**9, "2.66666"),
        ],
    )
    def test_write_numbers_with_the_decimals_they_need(self, number, scale, written):
        assert write_number(number, scale) == written

    def test_write_numbers_as_the_language_does(self):
        with translation.override("es"):
            assert write_number(1250, 1000) == "1,25"
