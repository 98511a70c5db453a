"""The page that is rendered once: visitors must not notice it."""

import re
from typing import Any

import pytest
from django.test import Client

from polls import cached_page, views
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.vote")

DIFFERENT = r'(nonce="|name="csrfmiddlewaretoken" value="|name="ballot_id" value=")[^"]+'


@pytest.fixture(autouse=True)
def _nothing_rendered_yet() -> None:
    cached_page._pages.clear()


def same_for_all(page: str) -> str:
    """Leave out what is another for each visitor."""
    return re.sub(DIFFERENT, r"\1", page)


def get_page(browser: Client, **request: Any) -> str:
    return browser.get("/drink/", **request).content.decode()


class TestStrangerPage:
    def test_is_what_would_be_rendered(self, define, browser, monkeypatch):
        define(description="<b>&amp;\n\n“ñ”", closes_at=4_000_000_000_000)
        pages = [get_page(browser), get_page(Client())]
        rendered = [re.search(r"<main.*", same_for_all(page), re.DOTALL) for page in pages]
        monkeypatch.setattr(views, "kept_page", lambda request, template, make_context, **_: views.render(
            request, template, make_context()))  # fmt: skip
        expected = re.search(r"<main.*", same_for_all(get_page(Client())), re.DOTALL)
        assert [one and one[0] for one in rendered] == [expected and expected[0]] * 2

    def test_gives_each_visitor_a_form_and_a_nonce_of_their_own(self, define, browser):
        define()
        answers = [browser.get("/drink/"), browser.get("/drink/"), Client().get("/drink/")]
        forms = [read_form(answer.content.decode()) for answer in answers]
        assert len({form["ballot_id"] for form in forms}) == 3
        # The secret of a browser, masked or not.
        assert len({form["csrfmiddlewaretoken"] for form in forms}) == 2
        nonces = [set(re.findall(r'nonce="([^"]+)"', answer.content.decode())) for answer in answers]
        assert [len(one) for one in nonces] == [1, 1, 1]
        assert len(set.union(*nonces)) == 3

    def test_takes_votes(self, define, browser):
        define()
        for _ in range(2):
            visitor = Client(enforce_csrf_checks=True)
            form = read_form(get_page(visitor))
            assert visitor.post("/drink/", {**form, "q1": "nesquik"}).status_code == 303

    def test_is_another_for_another_definition_language_or_host(self, define, browser):
        define()
        others = ({}, {"HTTP_ACCEPT_LANGUAGE": "es"}, {"HTTP_HOST": "localhost"})
        pages = [get_page(browser, **other) for other in others]
        define(revision=2, title="Changed?")
        pages.append(get_page(browser))
        assert len({same_for_all(page) for page in pages}) == 4
        assert "Elige" in pages[1]
        assert "//localhost:" in pages[2]
        assert "Changed?" in pages[3]

    def test_tells_whoever_has_voted(self, define, browser):
        define()
        form = read_form(get_page(browser))
        assert "You have voted" not in get_page(browser)
        browser.post("/drink/", {**form, "q1": "nesquik"})
        assert "You have voted" in get_page(browser)

    def test_keeps_a_limited_number(self, define, browser, monkeypatch, settings):
        settings.ALLOWED_HOSTS = ["*"]
        monkeypatch.setattr(cached_page, "_KEPT", 5)
        define()
        for number in range(12):
            assert f"//host-{number}:" in get_page(browser, HTTP_HOST=f"host-{number}")
        assert len(cached_page._pages) <= 5
