"""Proof of work: what is good for one ballot, and for a while."""

import base64
import hashlib
import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from polls import ballot_box, wake_up
from polls.ballots import new_ballot_id
from polls.proof_of_work import GOOD_FOR, challenge, is_solved
from tests.web import read_form

NOW = 1_700_000_000_000
BALLOT, OTHER = new_ballot_id(NOW), new_ballot_id(NOW + 1)


def solve(puzzle: dict[str, Any], **changes: Any) -> str:
    """Solve a challenge as the page's script does, by other means; `changes` are made to the solution."""
    for number in range(puzzle["maxNumber"] + 1):
        if hashlib.sha256(f"{puzzle['salt']}{number}".encode()).hexdigest() == puzzle["challenge"]:
            fields = {name: puzzle[name] for name in ("algorithm", "challenge", "salt", "signature")}
            return encode(fields | {"number": number} | changes)
    raise AssertionError("there is no solution")


def encode(fields: Any) -> str:
    return base64.b64encode(json.dumps(fields).encode()).decode()


@pytest.fixture(autouse=True)
def _easy(settings):
    settings.POW_DIFFICULTY = 300


class TestSolution:
    def test_is_good_for_its_ballot_until_it_expires(self, define):
        drink = define()
        solution = solve(challenge(drink, BALLOT, NOW))
        assert is_solved(drink, BALLOT, solution, NOW)
        assert is_solved(drink, BALLOT, solution, NOW + GOOD_FOR)
        assert not is_solved(drink, BALLOT, solution, NOW + GOOD_FOR + 1)

    def test_is_no_good_for_another_ballot_or_election(self, define):
        drink, tea = define(), define(election=2, slug="tea", voter_secret="cd" * 32)
        solution = solve(challenge(drink, BALLOT, NOW))
        assert not is_solved(drink, OTHER, solution, NOW)
        assert not is_solved(tea, BALLOT, solution, NOW)

    def test_cannot_be_made_without_the_secret(self, define):
        puzzle = challenge(define(), BALLOT, NOW)
        own = puzzle | {"challenge": hashlib.sha256(f"{puzzle['salt']}0".encode()).hexdigest()}
        assert not is_solved(define(), BALLOT, solve(own), NOW)

    @pytest.mark.parametrize(
        "change",
        [
            lambda salt: salt.replace(str(BALLOT), str(OTHER)),
            lambda salt: re.sub(r"expires=\d+", "expires=99999999999", salt),
            lambda salt: f"{salt}ballot={OTHER}&",
            lambda salt: f"{salt}1",
        ],
    )
    def test_does_not_survive_a_changed_salt(self, define, change):
        puzzle = challenge(define(), BALLOT, NOW)
        changed = solve(puzzle, salt=change(puzzle["salt"]))
        assert not is_solved(define(), BALLOT, changed, NOW)
        assert not is_solved(define(), OTHER, changed, NOW)

    @pytest.mark.parametrize(
        "rubbish",
        [
            "", "x", "!", "bnVsbA==", encode([]), encode("x"), encode({}), encode({"number": 1}), "A" * 100_000,
            encode({"number": "1", "challenge": "a", "salt": "b", "signature": "c"}),
            encode({"number": 1, "challenge": ["a"], "salt": "b", "signature": "c"}),
            encode({"number": 1, "challenge": "a", "salt": "ñ", "signature": "c"}),
            encode({"number": 1, "challenge": "a", "salt": "?expires=x&ballot=y&", "signature": "c"}),
            base64.b64encode(b"[" * 50_000).decode(),
        ],
    )  # fmt: skip
    def test_may_be_any_rubbish(self, define, rubbish):
        assert not is_solved(define(), BALLOT, rubbish, NOW)


class TestBallot:
    pytestmark = pytest.mark.urls("voting_site.urls.vote")

    @pytest.fixture(autouse=True)
    def _no_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wake_up.current_app, "send_task", lambda *args, **kwargs: None)

    def read(self, page: str) -> dict[str, str]:
        """Return the fields of a form, with its challenge solved."""
        [puzzle] = re.findall(r'<script id="challenge" type="application/json">(.*?)</script>', page)
        return read_form(page) | {"proof": solve(json.loads(unescape(puzzle)))}

    def send(self, browser: Client, form: dict[str, str], **changes: str) -> Any:
        return browser.post("/drink/", form | {"q1": "nesquik"} | changes)

    def test_is_taken_with_its_proof(self, define, browser):
        define(proof_of_work=True)
        form = self.read(browser.get("/drink/").content.decode())
        assert self.send(browser, form).status_code == 303

    @pytest.mark.parametrize("proof", ["", "rubbish"])
    def test_is_refused_without_it_and_filled_in(self, define, browser, box, proof):
        define(proof_of_work=True)
        form = read_form(browser.get("/drink/").content.decode())
        response = self.send(browser, form, proof=proof, q1="cola-cao")
        page = response.content.decode()
        assert response.status_code == 400
        assert "The computation that keeps robots out is missing" in page
        assert re.search(r'value="cola-cao"[^>]*\schecked', page)
        assert box.xlen(ballot_box.key(1, 0, "ballots")) == 0
        assert self.send(browser, self.read(page)).status_code == 303

    def test_is_not_taken_with_another_ballots_proof(self, define, browser):
        define(proof_of_work=True)
        first, second = (self.read(browser.get("/drink/").content.decode()) for _ in range(2))
        assert self.send(browser, second, proof=first["proof"]).status_code == 400

    def test_that_was_accepted_stays_so_when_its_proof_has_expired(self, define, browser, box, monkeypatch):
        define(proof_of_work=True)
        form = self.read(browser.get("/drink/").content.decode())
        assert self.send(browser, form).status_code == 303
        monkeypatch.setattr("polls.accepting.is_solved", lambda *_: False)
        assert self.send(browser, form).status_code == 303
        assert self.send(browser, form, q1="cola-cao").status_code == 409
        assert box.xlen(ballot_box.key(1, 0, "ballots")) == 1

    def test_is_asked_for_a_second_after_the_election_does(self, define, browser):
        define()
        form = read_form(browser.get("/drink/").content.decode())
        define(revision=2, proof_of_work=True)
        # What a process remembers of a definition is forgotten within that second.
        ballot_box.reading._remembered.clear()
        response = self.send(browser, form)
        assert response.status_code == 400
        assert self.send(browser, self.read(response.content.decode())).status_code == 303

    def test_carries_nothing_of_it_otherwise(self, define, browser):
        define()
        page = browser.get("/drink/").content.decode()
        assert "proof" not in page
