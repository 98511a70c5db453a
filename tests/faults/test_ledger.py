"""The account that the harness keeps, and the looks that it compares with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import check_snapshot, is_true
from tests.faults.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "history.jsonl")
    for voter, ballot, choice, outcomes in (
        (1, "a", "tea", ["accepted"]),
        (2, "b", "tea", ["unknown", "accepted"]),
        (2, "c", "milk", ["accepted", "accepted"]),
        (3, "d", "milk", ["refused"]),
        (1, "e", "milk", ["unknown", "refused"]),
    ):
        for outcome in outcomes:
            ledger.send(voter, ballot, choice)
            ledger.tell(ballot, outcome, "")
    yield ledger
    ledger.close()


def snapshot(pending: int | None = 0, **counts: int) -> dict[str, Any]:
    options = [{"key": key, "count": count} for key, count in counts.items()]
    return {"version": 1, "ballots": sum(counts.values()), "pending": pending, "options": options}


class TestLedger:
    def test_counts_each_voters_last_accepted_ballot(self, ledger):
        assert ledger.truth() == {"tea": 1, "milk": 1}
        assert (ledger.accepted, ledger.unknown, ledger.refused) == (3, 2, 2)
        assert ledger.unexpected == []

    def test_complains_when_an_accepted_ballot_is_refused_later(self, ledger):
        ledger.tell("a", "refused", "409")
        assert ledger.unexpected == ["ballot a was accepted, and later refused: 409"]

    def test_complains_when_a_first_ballot_is_accepted_after_the_close(self, ledger):
        ledger.send(8, "late", "tea")
        ledger.shut = True
        ledger.tell("late", "accepted", "303")
        ledger.send(9, "later", "tea")
        ledger.tell("later", "accepted", "303")
        assert ledger.unexpected == ["ballot later was accepted after the close"]

    def test_holds_a_limited_ballot_for_refused_until_it_is_sent_again(self, ledger):
        ledger.send(9, "f", "tea")
        assert ledger.tell("f", "limited", "429") == "limited"
        ledger.send(9, "f", "tea")
        assert ledger.tell("f", "accepted", "303") == "accepted"
        assert ledger.unexpected == []

    def test_knows_nothing_of_a_limited_ballot_that_may_be_on_its_way(self, ledger):
        ledger.send(9, "f", "tea")
        ledger.tell("f", "unknown", "")
        assert ledger.tell("f", "limited", "429") == "unknown"

    def test_complains_when_somebody_who_has_voted_is_limited(self, ledger):
        ledger.send(2, "f", "tea")
        ledger.tell("f", "limited", "429")
        assert ledger.unexpected == ["voter 2 is not new, and was limited"]

    def test_takes_no_time_out_for_a_change_of_mind(self, ledger):
        ledger.tell("a", "unknown", "")
        assert ledger.unexpected == []


class TestSnapshot:
    @pytest.mark.parametrize(
        ("shown", "true"),
        [
            (snapshot(tea=1, milk=1), True),
            (snapshot(tea=1, milk=1, water=0), True),
            (snapshot(tea=1, milk=1, pending=1), False),
            (snapshot(tea=1, milk=1, pending=None), False),
            (snapshot(tea=1), False),
            (snapshot(tea=2), False),
            (snapshot(tea=2, milk=1), False),
        ],
    )
    def test_is_true_only_where_it_shows_what_the_ledger_says(self, ledger, shown, true):
        assert is_true(shown, ledger) is true

    def test_may_not_show_more_ballots_than_voters(self, ledger):
        check_snapshot(snapshot(tea=2, milk=1), ledger)
        assert ledger.wrong == []
        check_snapshot(snapshot(tea=4), ledger)
        assert ledger.wrong == [
            "version 1 shows 4 ballots, 4 choices: 3 voted",
            "version 1 shows 4 for tea: 2 chose that",
        ]

    def test_may_not_show_more_of_an_option_than_voters_who_chose_it(self, ledger):
        # Of three voters, and two who have ever chosen tea.
        check_snapshot(snapshot(tea=3), ledger)
        assert ledger.wrong == ["version 1 shows 3 for tea: 2 chose that"]
