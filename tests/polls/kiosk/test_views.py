"""A device in a polling place: opened, used by one voter after the other, ended. No test here touches the database."""

import re
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from polls import ballot_box
from polls.kiosk.device import Kiosk
from polls.roll import codes
from polls.voters import KIOSK_FIELD_AGE, roll_voter
from tests.conftest import forget_definitions
from tests.polls.roll.people import put_in_box
from tests.polls.test_code_page import BALLOTS, COOKIE, come_in, page_of, vote
from tests.polls.test_views import _no_worker
from tests.web import read_form

__all__ = ["_no_worker"]
pytestmark = pytest.mark.urls("voting_site.urls.vote")

CODE = codes.make()
SOON = 2**45
HALL = Kiosk(1, "Hall", codes.hash_code(1, codes.read(CODE)), SOON)
KIOSK_COOKIE = "urna_manage_kiosk_1"


@pytest.fixture
def drink(define):
    return define(eligibility="roll", kiosks=(HALL,))


def is_known(browser: Client) -> bool:
    cookie = browser.cookies.get(COOKIE)
    return bool(cookie and cookie.value)


def token(browser: Client, path: str = "/drink/kiosk/") -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page_of(browser.get(path)))[0]


def open_kiosk(browser: Client, code: str = CODE) -> Any:
    return browser.post("/drink/kiosk/", {"csrfmiddlewaretoken": token(browser), "code": code})


def come_and_vote(browser: Client, code: str, choice: str = "nesquik", **more: Any) -> Any:
    return vote(browser, choice, read_form(page_of(come_in(browser, code))), **more)


class TestOpening:
    def test_makes_a_kiosk_of_the_browser_which_forgets_who_used_it_before(self, drink, browser):
        come_in(browser, put_in_box(drink, 7))
        response = open_kiosk(browser)
        assert (response.status_code, response["Location"]) == (303, "/drink/")
        assert browser.cookies[KIOSK_COOKIE]["httponly"]
        page = page_of(browser.get("/drink/"))
        assert "This device forgets you" in page
        assert "Kiosk 1" in page
        assert "ballot_id" not in page

    @pytest.mark.parametrize("typed", ["", "  ", "x" * 100_000, "\0", "2345-6789-ACDE-FHJK-MNP<"])
    def test_takes_no_other_code(self, drink, browser, typed):
        response = open_kiosk(browser, typed)
        assert response.status_code in (400, 403)
        assert KIOSK_COOKIE not in browser.cookies
        assert len(response.content) < 20_000

    def test_does_not_take_the_code_of_a_voter_or_of_an_ended_kiosk_or_an_old_one(self, define, browser):
        ended = codes.make()
        old = Kiosk(2, "", codes.hash_code(1, codes.read(ended)), 1000)
        drink = define(eligibility="roll", kiosks=(HALL, old))
        for code in (put_in_box(drink, 7), codes.make(), ended):
            response = open_kiosk(browser, code)
            assert response.status_code == 403
            assert "opens no kiosk" in page_of(response)
        assert KIOSK_COOKIE not in browser.cookies

    def test_is_not_there_in_an_open_election(self, define, browser):
        define()
        assert browser.get("/drink/kiosk/").status_code == 404

    def test_takes_no_forged_cookie(self, drink, browser):
        browser.cookies[KIOSK_COOKIE] = "1.1:forged"
        assert "This device forgets you" not in page_of(browser.get("/drink/"))
        # One that was signed for another election.
        browser.cookies[KIOSK_COOKIE] = signing.Signer(salt="polls.kiosk.device").sign("2.1")
        assert "This device forgets you" not in page_of(browser.get("/drink/"))


class TestVoting:
    def test_goes_on_with_the_next_card_and_knows_nobody_any_more(self, drink, browser, redis):
        open_kiosk(browser)
        for number, choice in ((7, "nesquik"), (8, "cola-cao")):
            response = come_and_vote(browser, put_in_box(drink, number), choice)
            assert (response.status_code, response["Location"]) == (303, "/drink/cast/")
            confirmed = browser.get("/drink/cast/")
            assert "Your vote is in" in page_of(confirmed)
            assert "no-store" in confirmed["Cache-Control"]
            assert choice not in page_of(confirmed)
            page = page_of(browser.get("/drink/"))
            assert "ballot_id" not in page
            assert choice not in page
        voters = [fields[b"voter"].decode() for _id, fields in redis.xrange(BALLOTS)]
        assert voters == [roll_voter(drink, number).key for number in (7, 8)]
        assert not is_known(browser)

    def test_shows_a_ballot_once_and_asks_for_the_card_when_it_is_loaded_again(self, drink, browser):
        open_kiosk(browser)
        shown = come_in(browser, put_in_box(drink, 7))
        assert shown.status_code == 200
        assert "no-store" in shown["Cache-Control"]
        assert "ballot_id" in page_of(shown)
        assert "Watch the results" not in page_of(shown)
        for path in ("/drink/", "/drink/code/"):
            assert "ballot_id" not in page_of(browser.get(path, follow=True))

    def test_does_not_say_to_the_next_voter_that_a_vote_is_in(self, drink, browser):
        open_kiosk(browser)
        come_and_vote(browser, put_in_box(drink, 7))
        come_in(browser, put_in_box(drink, 8))
        response = browser.get("/drink/cast/")
        assert (response.status_code, response["Location"]) == (302, "/drink/")

    def test_sent_again_after_a_lost_answer_is_confirmed_and_counts_once(self, drink, browser, redis):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        assert [vote(browser, "nesquik", form).status_code for _ in range(2)] == [303, 303]
        assert redis.xlen(BALLOTS) == 1

    def test_that_is_wrong_comes_back_to_the_same_voter_with_the_marks(self, drink, browser):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        refused = browser.post("/drink/", form | {"q1": ["nesquik", "cola-cao"]})
        assert refused.status_code == 400
        assert vote(browser, "nesquik", read_form(page_of(refused))).status_code == 303

    def test_keeps_no_marks_for_whoever_types_the_next_code(self, drink, browser, monkeypatch):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        monkeypatch.setattr("polls.voters.KIOSK_FIELD_AGE", -1)
        refused = vote(browser, "cola-cao", form)
        assert refused.status_code == 403
        assert "cola-cao" not in page_of(refused)
        again = come_in(browser, put_in_box(drink, 8), q1="cola-cao")
        assert not re.search(r'value="cola-cao"[^>]* checked', page_of(again))
        assert KIOSK_FIELD_AGE == 1800

    def test_cannot_be_done_for_others_by_a_field_that_is_made_up(self, drink, browser, redis):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        for field in ("1.8.1:x:y", "", form["kiosk_voter"].replace("1.7.1", "1.8.1")):
            assert vote(browser, "nesquik", form | {"kiosk_voter": field}).status_code == 403
        # Nor with a browser that is no kiosk.
        assert vote(Client(), "nesquik", form).status_code == 403
        assert redis.xlen(BALLOTS) == 0

    def test_tells_who_has_voted_what_the_rules_let_them_do(self, define, browser):
        for final, word in ((False, "takes the place of the old one"), (True, "In this election a vote is final")):
            drink = define(eligibility="roll", kiosks=(HALL,), votes_final=final, revision=2 + final)
            open_kiosk(browser)
            code = put_in_box(drink, 7)
            come_and_vote(browser, code)
            page = page_of(come_in(browser, code))
            assert word in page
            assert "What has become of my vote?" not in page

    def test_takes_what_a_scanner_types(self, drink, browser):
        open_kiosk(browser)
        code = put_in_box(drink, 7)
        for typed in (
            f"https://vote.example.org/drink/#{code}",
            f"httpsÑ--vote.example.org-drink-·{code.replace('-', chr(39))}",
        ):
            assert "ballot_id" in page_of(come_in(browser, typed))

    def test_before_the_opening_and_after_the_close_says_so(self, define, browser):
        drink = define(eligibility="roll", kiosks=(HALL,), opens_at=SOON)
        open_kiosk(browser)
        code = put_in_box(drink, 7)
        assert come_in(browser, code).status_code == 410
        assert not is_known(browser)
        drink = define(eligibility="roll", kiosks=(HALL,), revision=2)
        form = read_form(page_of(come_in(browser, code)))
        define(eligibility="roll", kiosks=(HALL,), revision=3, sealed=True)
        forget_definitions()
        refused = vote(browser, "nesquik", form)
        assert refused.status_code == 410
        assert "Your ballot was not taken" in page_of(refused)
        assert "Next voter" in page_of(refused)

    def test_that_cannot_be_sent_does_not_wait_for_the_next_voter(self, drink, browser, redis):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        redis.delete(ballot_box.EPOCH)
        redis.hdel(ballot_box.key(1, 0, "rules"), "epoch")
        refused = vote(browser, "nesquik", form)
        assert (refused.status_code, refused["Refresh"]) == (503, "120; url=/drink/")


class TestGuessing:
    def test_at_a_kiosk_takes_nothing_from_the_phones_of_the_same_hall(self, drink, browser, settings):
        settings.WRONG_CODE_BURST = 2
        open_kiosk(browser)
        put_in_box(drink, 7)
        assert [come_in(browser, codes.make()).status_code for _ in "123"] == [403, 403, 429]
        phone = Client(enforce_csrf_checks=True)
        assert come_in(phone, codes.make()).status_code == 403
        assert "ballot_id" in page_of(come_in(browser, put_in_box(drink, 8)))


class TestEnd:
    def test_asks_for_no_card_any_more_and_does_not_become_an_ordinary_browser(self, drink, define, browser):
        open_kiosk(browser)
        form = read_form(page_of(come_in(browser, put_in_box(drink, 7))))
        define(eligibility="roll", revision=2)
        forget_definitions()
        for response in (browser.get("/drink/"), come_in(browser, put_in_box(drink, 8))):
            assert response.status_code == 403
            assert "This kiosk is ended" in page_of(response)
            assert 'name="code"' not in page_of(response)
        # Whoever was voting at that moment can still do it.
        assert vote(browser, "nesquik", form).status_code == 303

    def test_lets_the_device_be_taken_back_and_not_before(self, drink, define, browser):
        open_kiosk(browser)
        own = token(browser, "/drink/")
        browser.post("/drink/kiosk/leave/", {"csrfmiddlewaretoken": own})
        assert "This device forgets you" in page_of(browser.get("/drink/"))
        define(eligibility="roll", revision=2)
        forget_definitions()
        browser.post("/drink/kiosk/leave/", {"csrfmiddlewaretoken": own})
        assert "Whoever has your code" in page_of(browser.get("/drink/"))
        assert browser.get("/drink/kiosk/leave/").status_code == 405
