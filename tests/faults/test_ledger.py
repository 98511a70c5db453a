"""The account that the harness keeps, and the looks that it compares with it."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from polls import markings
from tests.conftest import contest
from tests.faults.judge import check_snapshot, is_true
from tests.faults.ledger import Ledger
from tests.faults.outcomes import compute, shows_outcome
from tests.faults.paper import PAPER, RANKED, ROLLED, Chosen, Compared, Marking, Ranked, Scored, paper_for


# Most tests are about the first of two contests; the second may be left blank.
def marking(drink: str, *with_it: str) -> Marking:
    return Marking((("q1", Chosen((drink,))), ("q2", Chosen(with_it))))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "history.jsonl")
    for voter, ballot, marked, outcomes in (
        (1, "a", marking("tea", "cake"), ["accepted"]),
        (2, "b", marking("tea", "cake", "toast"), ["unknown", "accepted"]),
        (2, "c", marking("milk"), ["accepted", "accepted"]),
        (3, "d", marking("milk"), ["refused"]),
        (1, "e", marking("milk", "toast"), ["unknown", "refused"]),
    ):
        for outcome in outcomes:
            ledger.send(voter, ballot, marked)
            ledger.tell(ballot, outcome, "")
    yield ledger
    ledger.close()


def snapshot(
    drinks: dict[str, int], with_it: dict[str, int], *, blank: int = 0, ballots: int = 2, pending: int | None = 0
) -> dict[str, Any]:
    contests = [
        {"key": key, "ballots": ballots, "blank": none, "options": [{"key": key, "count": n} for key, n in of.items()]}
        for key, of, none in (("q1", drinks, 0), ("q2", with_it, blank))
    ]
    return {"version": 1, "ballots": ballots, "pending": pending, "contests": contests}


TRUE = snapshot({"tea": 1, "milk": 1}, {"cake": 1, "toast": 0}, blank=1)


class TestLedger:
    def test_counts_each_voters_last_accepted_ballot(self, ledger):
        assert ledger.truth() == {"q1:tea": 1, "q1:milk": 1, "q2:cake": 1, "q2:-blank": 1}
        assert (ledger.accepted, ledger.unknown, ledger.refused) == (3, 2, 2)
        assert ledger.unexpected == []

    def test_tells_for_how_long_no_ballot_was_accepted(self, ledger, monkeypatch):
        start = time.monotonic()
        ledger.take_pause()
        for seconds, outcome in ((100, "accepted"), (104, "unknown"), (107, "accepted"), (109, "accepted")):
            monkeypatch.setattr("tests.faults.ledger.time.monotonic", lambda seconds=seconds: start + seconds)
            ledger.send(4, "f", marking("tea"))
            ledger.tell("f", outcome, "")
            if seconds == 100:
                ledger.take_pause()
        assert ledger.take_pause() == 7
        assert ledger.take_pause() == 0

    def test_complains_when_an_accepted_ballot_is_refused_later(self, ledger):
        ledger.tell("a", "refused", "409")
        assert ledger.unexpected == ["ballot a was accepted, and later refused: 409"]

    def test_complains_when_a_first_ballot_is_accepted_after_the_close(self, ledger):
        ledger.send(8, "late", marking("tea"))
        ledger.shut = True
        ledger.tell("late", "accepted", "303")
        ledger.send(9, "later", marking("tea"))
        ledger.tell("later", "accepted", "303")
        assert ledger.unexpected == ["ballot later was accepted after the close"]

    def test_holds_a_limited_ballot_for_refused_until_it_is_sent_again(self, ledger):
        ledger.send(9, "f", marking("tea"))
        assert ledger.tell("f", "limited", "429") == "limited"
        ledger.send(9, "f", marking("tea"))
        assert ledger.tell("f", "accepted", "303") == "accepted"
        assert ledger.unexpected == []

    def test_knows_nothing_of_a_limited_ballot_that_may_be_on_its_way(self, ledger):
        ledger.send(9, "f", marking("tea"))
        ledger.tell("f", "unknown", "")
        assert ledger.tell("f", "limited", "429") == "unknown"

    def test_complains_when_somebody_who_has_voted_is_limited(self, ledger):
        ledger.send(2, "f", marking("tea"))
        ledger.tell("f", "limited", "429")
        assert ledger.unexpected == ["voter 2 is not new, and was limited"]

    def test_takes_no_time_out_for_a_change_of_mind(self, ledger):
        ledger.tell("a", "unknown", "")
        assert ledger.unexpected == []

    def test_knows_the_most_that_each_contest_can_show(self, ledger):
        # The second voter has chosen two there once, and the third none.
        assert (ledger.choices("q1"), ledger.choices("q2")) == (3, 4)
        assert (ledger.supporters("q2:toast"), ledger.supporters("q2:-blank")) == (2, 2)


class TestSnapshot:
    @pytest.mark.parametrize(
        ("shown", "true"),
        [
            (TRUE, True),
            (TRUE | {"pending": 1}, False),
            (TRUE | {"pending": None}, False),
            (TRUE | {"ballots": 1}, False),
            (TRUE | {"contests": TRUE["contests"][:1]}, False),
            (snapshot({"tea": 2}, {"cake": 1}, blank=1), False),
            (snapshot({"tea": 1}, {"cake": 1}, blank=1), False),
            (snapshot({"tea": 1, "milk": 1}, {"cake": 1}), False),
            (snapshot({"tea": 1, "milk": 1}, {"toast": 1}, blank=1), False),
            (snapshot({"tea": 1, "milk": 1}, {"cake": 1}, blank=2), False),
        ],
    )
    def test_is_true_only_where_it_shows_what_the_ledger_says(self, ledger, shown, true):
        assert is_true(shown, ledger) is true

    @pytest.mark.parametrize(
        ("shown", "said"),
        [
            (TRUE, []),
            # Of three voters, who can have been counted as they voted first.
            (snapshot({"tea": 2, "milk": 1}, {"cake": 2, "toast": 1}, blank=1, ballots=3), []),
            # Two have ever chosen tea.
            (snapshot({"tea": 3}, {"cake": 2}, blank=1, ballots=3), ["3 for q1:tea: 2 chose that"]),
            (snapshot({"tea": 1, "milk": 1}, {}, blank=3), ["3 for q2:-blank: 2 chose that"]),
            (snapshot({"tea": 2, "milk": 2}, {"cake": 2}), ["4 choices in q1: voters made 3"]),
            (snapshot({"tea": 2}, {"cake": 2, "toast": 2}, blank=1), ["5 choices in q2: voters made 4"]),
            (snapshot({"tea": 2}, {"cake": 1}), ["1 choices in q2: 2 ballots are counted"]),
            (TRUE | {"ballots": 1}, ["2 ballots in q1, and 1 in all", "2 ballots in q2, and 1 in all"]),
            (
                snapshot({"tea": 2, "milk": 2}, {"cake": 2, "toast": 2}, ballots=4),
                ["4 ballots: 3 voted", "4 choices in q1: voters made 3"],
            ),
        ],
    )
    def test_may_not_show_more_than_can_be_true_nor_a_contest_that_is_not_whole(self, ledger, shown, said):
        check_snapshot(shown, ledger)
        assert ledger.wrong == [f"version 1 shows {what}" for what in said]


class TestLedgerOfARoll:
    SIX_OF_FIVE = ("6 ballots in bus: 5 had it", "6 choices in bus: voters made 5", "6 for bus:red: 5 chose that")
    PAPERS = ({"site": "barn", "bus": "red", "fee": "yes"}, {"site": "barn"})

    @pytest.fixture
    def rolled(self, tmp_path: Path) -> Iterator[Ledger]:
        # The first voter has five votes and all contests; the second one has two votes, later three, and one contest.
        ledger = Ledger(tmp_path / "history.jsonl")
        for voter, weight in ((1, 5), (2, 2), (2, 3)):
            marks = tuple((key, Chosen((option,))) for key, option in self.PAPERS[voter - 1].items())
            ballot = f"{voter} {weight}"
            ledger.send(voter, ballot, Marking(marks), weight)
            ledger.tell(ballot, "accepted", "")
        yield ledger
        ledger.close()

    def shown(self, barn: int, red: int, *, weight: int = 8, having: int = 5) -> dict[str, Any]:
        contests = [
            {"key": key, "ballots": votes, "blank": 0, "options": [{"key": option, "count": count}]}
            for key, votes, option, count in (
                ("site", weight, "barn", barn),
                ("bus", having, "red", red),
                ("fee", 5, "yes", 5),
            )
        ]
        return {"version": 1, "ballots": 2, "weight": weight, "pending": 0, "contests": contests}

    def test_counts_votes_of_those_who_have_a_contest(self, rolled):
        assert rolled.truth() == {"site:barn": 8, "bus:red": 5, "fee:yes": 5}
        assert (rolled.votes(), rolled.votes("site"), rolled.votes("bus")) == (8, 8, 5)
        assert (rolled.having("site"), rolled.having("bus"), rolled.supporters("bus:red")) == (8, 5, 5)

    @pytest.mark.parametrize(
        ("barn", "red", "others", "true", "said"),
        [
            (8, 5, {}, True, []),
            # As the second voter voted first.
            (7, 5, {"weight": 7}, False, []),
            (8, 5, {"weight": 9}, False, ["8 choices in site: 9 ballots are counted"]),
            (8, 4, {"having": 4}, False, []),
            (8, 6, {"having": 6}, False, SIX_OF_FIVE),
            (9, 5, {}, False, ["9 choices in site: voters made 8", "9 for site:barn: 8 chose that"]),
        ],
    )
    def test_is_compared_with_a_page_in_votes(self, rolled, barn, red, others, true, said):
        shown = self.shown(barn, red, **others)
        check_snapshot(shown, rolled)
        assert is_true(shown, rolled) is true
        assert rolled.wrong == [f"version 1 shows {what}" for what in said]


class TestMarking:
    def test_is_written_and_sent_in_the_order_of_the_paper(self):
        marked = Marking((("q1", Chosen(("tea",))), ("q2", Chosen(("cake", "toast"))), ("q3", Chosen())))
        assert str(marked) == "q1=tea;q2=cake,toast;q3="
        assert marked.fields() == [("q1", "tea"), ("q2", "cake"), ("q2", "toast"), ("q3", "")]
        assert list(marked.count_keys()) == ["q1:tea", "q2:cake", "q2:toast", "q3:-blank"]

    def test_is_drawn_within_the_rules_and_comes_to_everything_that_they_allow(self):
        chance = random.Random(1)
        drawn = {one.key: set() for one in PAPER}
        for _ in range(300):
            for one, (key, mark) in zip(PAPER, Marking.draw(PAPER, chance).marks, strict=True):
                assert key == one.key
                drawn[one.key].add(mark.options)
        for one in PAPER:
            numbers = range(0 if one.may_be_blank else 1, one.max_choices + 1)
            possible = {some for number in numbers for some in combinations(sorted(one.options), number)}
            assert drawn[one.key] == possible

    def test_writes_rankings_and_scores_as_they_are_counted(self):
        marked = Marking(
            (
                ("board", Ranked((("bea",), ("ana",)))),
                ("day", Compared((("friday",), ("monday", "sunday")), ("tuesday",))),
                ("name", Scored((("urna", 5), ("arca", 0)))),
            )
        )
        assert str(marked) == "board=bea>ana;day=friday>monday=sunday;name=urna:5,arca:0"
        assert marked.fields() == [
            ("board:bea", "1"),
            ("board:ana", "2"),
            ("day:friday", "1"),
            ("day:monday", "2"),
            ("day:sunday", "2"),
            ("name:urna", "5"),
            ("name:arca", "0"),
        ]
        assert list(marked.count_keys()) == [
            "board:bea>ana",
            "day:friday>monday",
            "day:friday>sunday",
            "day:friday>tuesday",
            "day:monday>tuesday",
            "day:sunday>tuesday",
            "name:urna:5",
            "name:arca:0",
        ]

    def test_has_the_contests_of_the_voters_groups(self):
        keys = {groups: [one.key for one in paper_for(ROLLED, groups)] for groups in ((), ("north",), ("south",))}
        assert keys == {(): ["site"], ("north",): ["site", "bus", "fee"], ("south",): ["site", "fee"]}

    def test_is_drawn_on_a_ranked_paper_as_urna_reads_and_counts_it(self):
        chance = random.Random(1)
        contests = [
            contest(one.key, one.options, method=one.method, rules={"blank": one.may_be_blank}) for one in RANKED
        ]
        for _ in range(300):
            marked = Marking.draw(RANKED, chance)
            assert sorted(markings.count_keys(str(marked), contests)) == sorted(marked.count_keys())


class TestOutcomeOfRankings:
    BOARD = ("bea>ana", "bea>ana", "bea>carlo", "ana", "dora>emil>ana")

    def shown(self, rankings: Sequence[str]) -> dict[str, Any]:
        """Return what a page shows of the board after these ballots."""
        truth = Counter(f"board:{ranking}" for ranking in rankings)
        shown, winners, tied, blank, working = compute("board", truth, len(rankings))
        options = [{"key": key, "count": count} for key, count in shown.items()]
        return {
            "key": "board",
            "options": options,
            "winners": winners,
            "tied": tied,
            "blank": blank,
            "working": working,
        }

    def test_is_that_of_the_rule(self):
        assert self.shown(self.BOARD)["winners"] == ["bea", "ana"]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(BOARD[:-1], id="lost"),
            pytest.param((*BOARD, "bea>ana"), id="doubled"),
            pytest.param(("ana>bea", *BOARD[1:]), id="reordered"),
        ],
    )
    def test_of_other_rankings_is_noticed(self, other):
        truth = Counter(f"board:{ranking}" for ranking in self.BOARD)
        assert shows_outcome(self.shown(self.BOARD), truth, 5)
        assert not shows_outcome(self.shown(other), truth, 5)
