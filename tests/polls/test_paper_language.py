"""In which of its languages a visitor reads a paper, and how another one is picked."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from polls import ballot_box, cached_page
from polls.definition import Definition
from polls.design import Paper
from polls.methods import OptionOnBallot
from polls.paper_language import COOKIE, choose
from tests.conftest import contest
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.vote")

YES = OptionOnBallot("yes", "Sí", translations={"nl": {"label": "Ja"}, "eu": {"label": "Bai"}})
NO = OptionOnBallot("no", "No", translations={"nl": {"label": "Nee"}})
QUESTION = replace(contest(title="¿Nos mudamos?", options=()), options=(YES, NO))
BOARD = contest("q2", title="Junta", options=("ana", "bea"), translations={"nl": {"title": "Bestuur"}})
WRITTEN: dict[str, Any] = {
    "title": "Asamblea",
    "language": "es",
    "translations": {"nl": {"title": "Vergadering"}, "eu": {"title": "Batzarra"}},
    "contests": (QUESTION, BOARD),
}
PAPER = Paper("Asamblea", "", False, (QUESTION, BOARD), language="es", translations=WRITTEN["translations"])


@pytest.fixture(autouse=True)
def _nothing_rendered_yet() -> None:
    cached_page._pages.clear()


@pytest.fixture
def paper(define: Any) -> Definition:
    return define(**WRITTEN)


def request(accept: str = "", **cookies: str) -> Any:
    made = RequestFactory().get("/drink/", HTTP_ACCEPT_LANGUAGE=accept)
    made.COOKIES.update(cookies)
    return made


class TestChoose:
    @pytest.mark.parametrize(
        ("accept", "chosen"),
        [
            ("nl", "nl"),
            ("nl-BE,en;q=0.5", "nl"),
            ("fr,eu;q=0.9,de;q=0.8", "eu"),
            ("es-MX", "es"),
            ("NL", "nl"),
            ("fr", "es"),
            ("*", "es"),
            ("", "es"),
        ],
    )
    def test_takes_what_the_browser_asks_for_also_where_the_pages_do_not_have_it(self, accept, chosen):
        assert choose(request(accept), PAPER) == chosen

    def test_takes_the_language_that_was_chosen_for_the_pages_before_that_of_the_browser(self):
        with translation.override("es"):
            assert choose(request("nl", urna_language="es"), PAPER) == "es"
        # The pages have it, and the paper does not.
        assert choose(request("nl", urna_language="en"), PAPER) == "nl"

    def test_holds_a_pick_until_another_language_is_chosen_for_the_pages_that_the_paper_has(self):
        assert choose(request("nl", **{COOKIE: "en:eu"}), PAPER) == "eu"
        assert choose(request("nl", **{COOKIE: "en:fr"}), PAPER) == "nl"
        with translation.override("es"):
            assert choose(request("nl", urna_language="es", **{COOKIE: "en:eu"}), PAPER) == "es"
            without_spanish = replace(PAPER, language="gl")
            assert choose(request("nl", urna_language="es", **{COOKIE: "en:eu"}), without_spanish) == "eu"

    @pytest.mark.parametrize(("asked", "chosen"), [("nl", "nl"), ("eu-ES", "eu"), ("fr", "es")])
    def test_takes_what_an_address_asks_for_whatever_the_browser_says(self, asked, chosen):
        frame = RequestFactory().get("/drink/embed/", {"language": asked}, HTTP_ACCEPT_LANGUAGE="nl")
        frame.COOKIES[COOKIE] = "en:eu"
        assert choose(frame, PAPER) == chosen

    @pytest.mark.parametrize("language", ["", "ca"])
    def test_has_no_choice_on_a_paper_in_one_language(self, language):
        assert choose(request("nl"), Paper("Asamblea", "", False, (), language=language)) == language


def get_page(browser: Client, **more: Any) -> str:
    return browser.get("/drink/", **more).content.decode()


@pytest.mark.usefixtures("paper")
class TestBallot:
    def test_reads_as_the_voter_reads_with_the_language_at_each_text_that_differs(self, browser):
        page = get_page(browser, HTTP_ACCEPT_LANGUAGE="nl")
        assert '<h1 dir="auto" lang="nl">Vergadering</h1>' in page
        assert re.search(r'<h2 [^>]*lang="es">¿Nos mudamos\?</h2>', page)
        assert re.search(r'class="choice-label" dir="auto" lang="nl">Ja<', page)
        assert re.search(r'class="choice-label" dir="auto" lang="es">Ana<', page)

    def test_has_no_attribute_where_the_page_is_in_the_language_of_the_text(self, browser):
        page = get_page(browser, HTTP_ACCEPT_LANGUAGE="es")
        assert '<h1 dir="auto">Asamblea</h1>' in page
        assert 'dir="auto">Sí<' in page

    def test_is_remembered_for_each_language_of_the_paper(self, browser):
        for _ in range(2):
            pages = [get_page(Client(), HTTP_ACCEPT_LANGUAGE=accept) for accept in ("nl", "eu", "fr")]
            titles = [re.search("<h1[^>]*>([^<]+)", page)[1] for page in pages]
            assert titles == ["Vergadering", "Batzarra", "Asamblea"]

    def test_offers_the_languages_and_takes_a_pick_along(self, browser):
        page = get_page(browser)
        assert re.findall(r'href="\?language=(\w+)"[^>]*>([^<]+)', page) == [
            ("es", "Español"), ("eu", "Euskara"), ("nl", "Nederlands"),
        ]  # fmt: skip
        answer = browser.get("/drink/?language=eu&all")
        assert (answer.status_code, answer["Location"]) == (302, "/drink/?all=")
        page = get_page(browser)
        assert "Batzarra" in page
        assert re.search('lang="eu" hreflang="eu" aria-current="true"', page)
        browser.post("/drink/", read_form(page) | {"q1": "yes", "q2": "ana"})
        assert 'lang="eu">Batzarra' in browser.get("/drink/cast/").content.decode()

    @pytest.mark.parametrize("picked", ["fr", "", "x" * 5000, "eu:nl", 'eu"'])
    def test_takes_no_pick_that_the_paper_does_not_have(self, browser, picked):
        answer = browser.get("/drink/", {"language": picked})
        assert answer.status_code == 302
        assert COOKIE not in browser.cookies

    def test_stays_in_the_language_with_an_error_and_names_its_texts(self, browser):
        browser.get("/drink/?language=nl")
        form = read_form(get_page(browser))
        answer = browser.post("/drink/", form | {"q1": "yes"})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert "“\u2068Bestuur\u2069”" in page
        assert re.search(r'value="yes"\s+checked', page)
        assert "Vergadering" in page

    def test_comes_back_in_another_language_with_what_is_marked_and_casts_nothing(self, browser, box):
        form = read_form(get_page(browser))
        answer = browser.post("/drink/", form | {"q1": "yes", "paper_language": "eu"})
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "Batzarra" in page
        assert re.search(r'value="yes"\s+checked', page)
        assert box.xlen(ballot_box.key(1, 0, "ballots")) == 0
        assert "Batzarra" in get_page(browser)

    def test_counts_the_same_marking_in_each_language(self, browser, box):
        for accept in ("nl", "es"):
            client = Client()
            form = read_form(get_page(client, HTTP_ACCEPT_LANGUAGE=accept))
            assert client.post("/drink/", form | {"q1": "yes", "q2": "bea"}).status_code == 303
        markings = {fields[b"marking"] for _, fields in box.xrange(ballot_box.key(1, 0, "ballots"))}
        assert markings == {b"q1=yes;q2=bea"}


class TestOtherPages:
    def test_list_reads_as_the_visitor_reads(self, paper, define, browser):
        define(**WRITTEN | {"slug": "other", "election": 2, "title": "Otra", "translations": {}})
        page = browser.get("/?all", HTTP_ACCEPT_LANGUAGE="nl").content.decode()
        assert '<bdi lang="nl">Vergadering</bdi>' in page
        assert '<bdi lang="es">Otra</bdi>' in page

    def test_page_that_asks_for_a_code_has_the_choice_too(self, define, browser):
        define(**WRITTEN, eligibility="roll")
        assert 'lang="nl">Vergadering' in get_page(browser, HTTP_ACCEPT_LANGUAGE="nl")
        browser = Client()
        browser.get("/drink/?language=eu")
        answer = browser.post("/drink/code/", {"code": "x"})
        assert answer.status_code == 403
        assert "Batzarra" in answer.content.decode()
        # A link on that page, whose address is that of the code.
        answer = browser.get("/drink/code/?language=nl", follow=True)
        assert answer.request["PATH_INFO"] == "/drink/"
        assert "Vergadering" in answer.content.decode()

    def test_finish_on_a_shared_device_forgets_the_pick(self, define):
        define(**WRITTEN, eligibility="roll")
        browser = Client()
        browser.get("/drink/?language=eu")
        browser.post("/drink/finish/")
        assert not browser.cookies[COOKIE].value

    def test_page_that_keeps_marks_offers_no_link_that_would_lose_them(self, define):
        define(**WRITTEN, eligibility="roll")
        page = Client().post("/drink/code/", {"code": "x", "q1": "yes"}).content.decode()
        assert 'name="q1" value="yes"' in page
        assert "paper-languages" not in page

    def test_election_that_is_not_open_yet_has_the_choice_too(self, define, browser):
        define(**WRITTEN, opens_at=4_000_000_000_000)
        page = get_page(browser, HTTP_ACCEPT_LANGUAGE="nl")
        assert "?language=eu" in page
        assert 'lang="nl">Ja' in page

    def test_paper_in_one_language_has_none_and_says_its_own(self, define, browser):
        define(language="ca")
        page = get_page(browser)
        assert "paper-languages" not in page
        assert '<h1 dir="auto" lang="ca">' in page

    def test_paper_that_says_no_language_is_as_it_was(self, define, browser):
        define()
        page = get_page(browser)
        assert "paper-languages" not in page
        assert '<h1 dir="auto">' in page
