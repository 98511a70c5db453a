"""The account that the harness keeps, and the looks that it compares with it."""

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import check_snapshot, is_true
from tests.faults.ledger import Ledger
from tests.faults.paper import PAPER, Marking


# Most tests are about the first of two contests; the second may be left blank.
def marking(drink: str, *with_it: str) -> Marking:
    return Marking((("q1", (drink,)), ("q2", with_it)))


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


class TestMarking:
    def test_is_written_and_sent_in_the_order_of_the_paper(self):
        marked = Marking((("q1", ("tea",)), ("q2", ("cake", "toast")), ("q3", ())))
        assert str(marked) == "q1=tea;q2=cake,toast;q3="
        assert marked.fields() == [("q1", "tea"), ("q2", "cake"), ("q2", "toast"), ("q3", "")]
        assert list(marked.count_keys()) == ["q1:tea", "q2:cake", "q2:toast", "q3:-blank"]

    def test_is_drawn_within_the_rules_and_comes_to_everything_that_they_allow(self):
        chance = random.Random(1)
        drawn = {contest: set() for contest in PAPER}
        for _ in range(300):
            for contest, (key, options) in zip(PAPER, Marking.draw(PAPER, chance).chosen, strict=True):
                assert key == contest.key
                drawn[contest].add(options)
        for contest in PAPER:
            numbers = range(0 if contest.may_be_blank else 1, contest.max_choices + 1)
            possible = {one for number in numbers for one in combinations(sorted(contest.options), number)}
            assert drawn[contest] == possible
