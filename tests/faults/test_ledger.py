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
        check_snapshot(snapshot(tea=3), ledger)
        assert ledger.wrong == []
        check_snapshot(snapshot(tea=4), ledger)
        assert ledger.wrong == ["version 1 shows 4 ballots, 4 choices: 3 voted"]
