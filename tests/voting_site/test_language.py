"""In which language a visitor is answered, and what is remembered of that."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from voting_site.middleware import language
from voting_site.middleware.language import LanguageMiddleware


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.LANGUAGE_CODE)


@pytest.fixture
def ask():
    """Return a function that asks one middleware for an answer in these languages."""
    middleware = LanguageMiddleware(answer)

    def ask(wish: str, cookie: str = "") -> HttpResponse:
        request = RequestFactory().get("/", headers={"Accept-Language": wish})
        if cookie:
            request.COOKIES["urna_language"] = cookie
        return middleware(request)

    ask.remembered = middleware._chosen
    return ask


@pytest.mark.parametrize(
    ("wish", "cookie", "chosen"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "", "es"),
        ("nl, es;q=0.5", "", "es"),
        ("nl", "", "en"),
        ("es", "en", "en"),
        ("es", "klingon", "es"),
        ("", "", "en"),
        ("en-GB,en;q=0.9", "", "en-GB"),
        ("en-US,en;q=0.9", "", "en"),
        ("en-NZ,en;q=0.9", "", "en-GB"),
        ("en-PH", "", "en"),
        ("es-MX,es;q=0.9", "", "es-MX"),
        ("es-ES,en-GB;q=0.8", "en", "en-GB"),
        ("en-US", "es", "es"),
        ("nl,es-AR;q=0.5", "", "es-AR"),
    ],
)
def test_answers_in_the_language_of_the_cookie_else_of_the_browser(ask, wish, cookie, chosen):
    for _ in range(2):
        response = ask(wish, cookie)
        assert response.headers["Content-Language"] == chosen
        assert response.content.decode() == chosen.lower()
        assert response.headers["Vary"] == "Accept-Language, Cookie"


def test_remembers_nothing_of_any_length_and_not_for_ever(ask, monkeypatch):
    monkeypatch.setattr(language, "_KEPT", 10)
    assert ask("es," + "x" * 5000).content == b"es"
    assert ask("es", "x" * 5000).content == b"es"
    assert not ask.remembered
    for number in range(25):
        assert ask(f"es;q=0.{number}").content == b"es"
    assert len(ask.remembered) <= 10
