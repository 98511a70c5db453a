"""How `vote` leads somebody to a provider and takes a ticket back. No test here touches the database."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from polls import ballot_box
from polls.sign_in.errand import GOOD_FOR_MS, Errand, Ticket
from polls.voters import roll_voter
from tests.polls.roll.people import put_in_box
from tests.polls.test_code_page import page_of, vote
from tests.polls.test_views import _no_worker
from tests.web import read_form

__all__ = ["_no_worker"]
pytestmark = pytest.mark.urls("voting_site.urls.vote")

BALLOTS = ballot_box.key(1, 0, "ballots")
SECRET, COOKIE = "urna_manage_signin_1", "urna_manage_roll_1"


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.SIGNIN_PROVIDERS = {"choir": "Choir accounts", "club": "The club"}


@pytest.fixture
def drink(define):
    definition = define(eligibility="roll", providers=("choir",))
    put_in_box(definition, 7)
    return definition


def begin(browser: Client, provider: str = "choir") -> Errand:
    """Leave for a provider, and return what `signin` gets."""
    response = browser.get(f"/drink/sign-in/{provider}/")
    assert response.status_code == 302, page_of(response)
    address = urlsplit(response["Location"])
    assert (address.netloc, address.path) == ("testserver:8003", f"/{provider}/")
    return Errand.read(parse_qs(address.query)["errand"][0], ballot_box.read_clock())


def ticket_for(errand: Errand, number: int = 7, issue: int = 1, **changes: Any) -> str:
    fields = {name: getattr(errand, name) for name in ("election", "slug", "provider", "browser")}
    fields |= {"at": ballot_box.read_clock(), "number": number, "issue": issue}
    return Ticket(**fields | changes).sign()


def come_back(browser: Client, ticket: str) -> Any:
    """Come back from `signin`: another origin, and so without a CSRF token."""
    return browser.post("/drink/signed-in/", {"ticket": ticket}, headers={"origin": "http://testserver:8003"})


def sign_in(browser: Client, number: int = 7) -> Any:
    return come_back(browser, ticket_for(begin(browser), number))


class TestSignInPage:
    def test_offers_the_providers_of_the_election_and_no_code(self, drink, browser):
        page = page_of(browser.get("/drink/"))
        assert "Sign in with Choir accounts" in page
        assert 'href="/drink/sign-in/choir/"' in page
        assert "The club" not in page
        assert 'name="code"' not in page
        assert "ballot_id" not in page

    def test_says_so_if_the_server_knows_none_of_them_any_more(self, define, browser):
        define(eligibility="roll", providers=("gone",))
        assert "Nobody can sign in to this election at present" in page_of(browser.get("/drink/"))
        assert browser.get("/drink/sign-in/gone/").status_code == 404

    def test_is_not_there_where_voters_have_codes(self, define, browser):
        definition = define(eligibility="roll")
        put_in_box(definition, 7)
        assert browser.get("/drink/sign-in/choir/").status_code == 404
        assert come_back(browser, "x").status_code == 404

    def test_takes_no_code(self, drink, browser):
        code = put_in_box(drink, 8)
        assert Client().post("/drink/code/", {"code": code}).status_code == 404


class TestStart:
    def test_binds_the_errand_to_the_browser(self, drink, browser):
        errand = begin(browser)
        cookie = browser.cookies[SECRET]
        assert errand.is_of_browser(cookie.value)
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 3600)
        assert (errand.election, errand.slug, errand.by_subject, errand.anew) == (1, "drink", True, False)

    def test_comes_along_with_a_ticket_from_another_site_behind_tls(self, drink, browser, settings):
        settings.BEHIND_TLS = True
        begin(browser)
        cookie = browser.cookies[SECRET]
        assert (cookie["samesite"], cookie["secure"]) == ("None", True)

    def test_in_two_tabs_lets_both_come_back(self, drink, browser):
        first, second = begin(browser), begin(browser)
        assert come_back(browser, ticket_for(second)).status_code == 303
        assert come_back(browser, ticket_for(first)).status_code == 303

    def test_does_not_look_for_subjects_where_there_are_several_providers(self, define, browser):
        define(eligibility="roll", providers=("choir", "club"))
        assert not begin(browser, "club").by_subject

    def test_leads_nowhere_before_the_opening_and_after_the_close(self, define, browser):
        define(eligibility="roll", providers=("choir",), opens_at=2**45)
        assert browser.get("/drink/sign-in/choir/").status_code == 410

    @pytest.mark.parametrize("provider", ["club", "nobody", "x" * 500])
    def test_leads_to_no_provider_that_the_election_has_not(self, drink, browser, provider):
        assert browser.get(f"/drink/sign-in/{provider}/").status_code == 404


class TestComeBack:
    def test_lets_in_and_the_vote_is_that_of_the_entry(self, drink, browser, redis):
        response = sign_in(browser)
        assert (response.status_code, response["Location"]) == (303, "/drink/")
        assert browser.cookies[SECRET].value == ""
        assert browser.cookies[COOKIE].value.startswith("1.7.1:")
        assert vote(browser).status_code == 303
        assert redis.xrange(BALLOTS)[0][1][b"voter"] == roll_voter(drink, 7).key.encode()

    def test_makes_no_second_voter_of_somebody_on_two_devices(self, drink, browser, redis):
        for one in (browser, Client()):
            sign_in(one)
            vote(one)
        assert len({fields[b"voter"] for _id, fields in redis.xrange(BALLOTS)}) == 1

    def test_refuses_a_ticket_in_another_browser(self, drink, browser):
        ticket, other = ticket_for(begin(browser)), Client()
        begin(other)
        response = come_back(other, ticket)
        assert response.status_code == 403
        assert "was not begun in this browser" in page_of(response)
        assert COOKIE not in other.cookies
        assert come_back(Client(), ticket).status_code == 403

    def test_does_no_harm_with_a_ticket_that_is_sent_twice(self, drink, browser):
        ticket = ticket_for(begin(browser))
        assert [come_back(browser, ticket).status_code for _turn in range(2)] == [303, 303]
        browser.post("/drink/finish/", {"csrfmiddlewaretoken": token(browser)})
        assert come_back(browser, ticket).status_code == 403

    @pytest.mark.parametrize("age", [GOOD_FOR_MS + 1000, -5000])
    def test_refuses_an_old_ticket(self, drink, browser, age):
        ticket = ticket_for(begin(browser), at=ballot_box.read_clock() - age)
        response = come_back(browser, ticket)
        assert response.status_code == 403
        assert "Sign in again." in page_of(response)

    @pytest.mark.parametrize("ticket", ["", "x", "é" * 10_000, "\0"])
    def test_refuses_what_is_no_ticket(self, drink, browser, ticket):
        begin(browser)
        response = come_back(browser, ticket)
        assert response.status_code == 403
        assert len(response.content) < 20_000

    @pytest.mark.parametrize("changes", [{"election": 2}, {"provider": "club"}, {"provider": "nobody"}])
    def test_refuses_a_ticket_for_something_else(self, drink, browser, changes):
        assert come_back(browser, ticket_for(begin(browser), **changes)).status_code == 403

    def test_refuses_who_was_struck_or_changed_meanwhile(self, drink, browser, redis):
        ticket = ticket_for(begin(browser))
        redis.hset(ballot_box.key(1, 0, "roll"), roll_voter(drink, 7).key, "2 1 ")
        response = come_back(browser, ticket)
        assert response.status_code == 403
        assert "your line on the roll has changed" in page_of(response)

    def test_lets_nobody_in_after_the_close(self, drink, browser, define):
        ticket = ticket_for(begin(browser))
        define(eligibility="roll", providers=("choir",), sealed=True, revision=2)
        ballot_box.reading._remembered.clear()
        assert come_back(browser, ticket).status_code == 410

    def test_leads_somebody_who_reloads_to_the_ballot(self, drink, browser):
        assert browser.get("/drink/signed-in/")["Location"] == "/drink/"

    def test_is_told_when_the_box_is_away(self, drink, browser, request):
        ticket = ticket_for(begin(browser))
        request.getfixturevalue("unreachable_redis")
        assert come_back(browser, ticket).status_code == 503


class TestWhoIsIn:
    def test_goes_out_once_struck_and_keeps_the_marks(self, drink, browser, redis):
        sign_in(browser)
        form = read_form(page_of(browser.get("/drink/")))
        redis.hdel(ballot_box.key(1, 0, "roll"), roll_voter(drink, 7).key)
        response = vote(browser, form=form)
        assert response.status_code == 403
        page = page_of(response)
        assert "Sign in again. Your choice is kept." in page
        assert '<input type="hidden" name="q1" value="nesquik">' in page
        assert 'target="_blank"' in page
        assert not redis.exists(BALLOTS)

    def test_goes_on_with_the_marks_that_were_kept(self, drink, browser):
        form = {"csrfmiddlewaretoken": token(browser), "q1": "nesquik"}
        assert browser.post("/drink/sign-in/", form).status_code == 403
        sign_in(browser)
        page = page_of(browser.post("/drink/sign-in/", form))
        assert re.search(r'value="nesquik"[^>]* checked', page)
        assert "ballot_id" in page

    def test_finishes_and_the_provider_is_then_to_ask_anew(self, drink, browser):
        sign_in(browser)
        vote(browser)
        page = page_of(browser.get("/drink/cast/"))
        assert "Finish on this device" in page
        assert "sign out there as well" in page
        browser.post("/drink/finish/", {"csrfmiddlewaretoken": token(browser)})
        page = page_of(browser.get("/drink/"))
        assert "This device has forgotten who voted before you." in page
        assert "ballot_id" not in page
        assert begin(browser).anew
        assert "No vote from this browser" in page_of(browser.get("/drink/cast/"))

    def test_votes_on_with_the_same_entry_when_codes_take_the_place_of_a_provider(self, drink, browser, define, redis):
        sign_in(browser)
        vote(browser)
        define(eligibility="roll", revision=2)
        ballot_box.reading._remembered.clear()
        assert vote(browser, "cola-cao").status_code == 303
        assert len({fields[b"voter"] for _id, fields in redis.xrange(BALLOTS)}) == 1


def token(browser: Client) -> str:
    """Return the CSRF token of this browser, from whichever page it is shown."""
    page = page_of(browser.get("/drink/"))
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found[1] if found else ""
