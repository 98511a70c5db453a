"""A manager enters a lot, and notes that an option has withdrawn, on pages of the office."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from office.models import LoggedAct
from polls.models import Election, TieBreak
from results.views import get_snapshot
from tally import outcomes
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases

# The tie that a form is about, as its hidden field names it.
TIE = "q1 1 ant,bee"

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def tied(make_election: Callable[..., Election], cast: Callable[..., Any]) -> Election:
    """A final election that waits for a lot between ant and bee."""
    election = make_election(options=("ant", "bee", "cat"), tie_break=TieBreak.LOT)
    for voter in ("ant", "bee"):
        cast(election, voter, voter)
    drain_all()
    close_election(election)
    turn_phases()
    return election


@pytest.fixture
def office(admin_client: Client, tied: Election) -> Callable[..., Any]:
    """Return a function that opens a page of the election, or sends its form."""

    def ask(page: str, **post: str) -> Any:
        address = f"/admin/polls/election/{tied.pk}/{page}"
        return admin_client.post(address, post, follow=True) if post else admin_client.get(address, follow=True)

    return ask


def test_the_page_of_an_election_leads_to_the_lot_until_it_is_entered(office, tied):
    assert "Enter the lot…" in office("").content.decode()
    answer = office("lot/", tie=TIE, **{"place-ant": "2", "place-bee": "1", "note": "Eva drew it in the hall."})
    assert "Entered. The result follows it in a moment." in answer.content.decode()
    outcomes.catch_up()
    assert get_snapshot("drink").contests[0].winners == ["bee"]
    act = LoggedAct.objects.first()
    assert (act.act, act.actor) == ("enter-lot", "admin")
    assert act.changes == {"lot in q1": [None, "bee, ant (Eva drew it in the hall.)"]}
    assert "Enter the lot…" not in office("").content.decode()
    assert "No tie is open." in office("lot/").content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"place-ant": "1", "place-bee": "1", "note": "Eva."}, "Two options have the same place."),
        ({"place-ant": "1", "note": "Eva."}, "This field is required."),
        ({"place-ant": "3", "place-bee": "1", "note": "Eva."}, "3 is not one of the available choices."),
        ({"place-ant": "2", "place-bee": "1", "note": " "}, "This field is required."),
    ],
)
def test_a_lot_that_says_nothing_clear_comes_back_as_it_was_typed(office, tied, sent, said):
    answer = office("lot/", tie=TIE, **sent)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not tied.lots.exists()
    assert not LoggedAct.objects.exists()


def test_a_lot_that_was_entered_meanwhile_is_not_entered_again(office, tied):
    form = {"tie": TIE, "place-ant": "2", "place-bee": "1", "note": "Eva."}
    assert TIE in office("lot/").content.decode()
    office("lot/", **form)
    # The worker has not made the outcome yet: both forms are about the same tie.
    assert "there is no tie here any more" in office("lot/", **form).content.decode()
    assert tied.lots.count() == 1


def test_a_lot_is_not_taken_for_that_of_another_question_with_the_same_options(make_election, cast, admin_client):
    """Pressed twice, or by two managers who have the page open: the second one was shown another tie."""
    board = make_election("board", options=("ant", "bee"), contests=2, tie_break=TieBreak.LOT)
    for voter in ("ant", "bee"):
        cast(board, voter, f"q1={voter};q2={voter}")
    drain_all()
    close_election(board)
    turn_phases()
    address = f"/admin/polls/election/{board.pk}/lot/"
    form = {"tie": "q1 1 ant,bee", "place-ant": "2", "place-bee": "1", "note": "Eva."}
    assert "Entered." in admin_client.post(address, form, follow=True).content.decode()
    assert "there is no tie here any more" in admin_client.post(address, form, follow=True).content.decode()
    assert [(lot.contest, lot.order) for lot in board.lots.all()] == [("q1", ["bee", "ant"])]
    # And the page asks for the other one.
    page = admin_client.get(address).content.decode()
    assert "Question 2" in page
    assert 'value="q2 1 ant,bee"' in page


def test_a_lot_that_is_refused_comes_back_as_it_was_typed(office, tied, monkeypatch):
    def refuse(*_args: object) -> None:
        raise ValidationError("Not entered: try again.")

    monkeypatch.setattr("office.result_acts.enter_lot", refuse)
    answer = office("lot/", tie=TIE, **{"place-ant": "2", "place-bee": "1", "note": "Eva drew it."})
    assert answer.status_code == 400
    assert "Not entered: try again." in answer.content.decode()
    assert "Eva drew it." in answer.content.decode()


def test_who_withdraws_is_noted_and_a_second_result_counted(office, tied):
    assert "An option withdraws…" in office("").content.decode()
    answer = office("withdraw/", option="q1:ant", reason="Moved away.")
    assert "Noted. The second result is shown in a moment." in answer.content.decode()
    outcomes.catch_up()
    assert get_snapshot("drink").contests[0].recounted.shown.winners == ["bee"]
    assert LoggedAct.objects.first().changes == {"withdrawn in q1": [None, "ant (Moved away.)"]}
    assert "q1:ant" not in office("withdraw/").content.decode()
    assert "q1:bee" in office("withdraw/").content.decode()


@pytest.mark.parametrize("sent", [{"option": "q1:dog", "reason": "Ill."}, {"option": "q1:ant", "reason": ""}])
def test_a_withdrawal_that_cannot_be_comes_back(office, tied, sent):
    assert office("withdraw/", **sent).status_code == 400
    assert not tied.withdrawals.exists()
