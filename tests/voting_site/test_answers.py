"""What every answer carries, whichever page it is."""

import re

import pytest
from django.test import Client

PAGES = [
    ("vote", "/drink/"),
    ("vote", "/nothing-here/"),
    ("result", "/"),
    ("result", "/drink/"),
    ("result", "/drink/results.json"),
    ("admin", "/admin/login/"),
    ("vote", "/healthz"),
    ("vote", "/readyz"),
]


@pytest.fixture
def ask(make_election, settings):
    make_election()

    def send(role: str, path: str, method: str = "GET"):
        settings.ROOT_URLCONF = f"voting_site.urls.{role}"
        return Client().generic(method, path)

    return send


class TestAnswers:
    @pytest.mark.parametrize(("role", "path"), PAGES)
    def test_say_what_they_hold(self, ask, role, path):
        answer = ask(role, path)
        if answer.content:
            assert re.fullmatch(r"text/\w+; charset=utf-8|application/json", answer["Content-Type"])

    # Liveness and readiness are asked by programs.
    @pytest.mark.parametrize(("role", "path"), PAGES[:-2])
    def test_tell_browsers_what_not_to_do(self, ask, role, path):
        answer = ask(role, path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]

    @pytest.mark.parametrize(("role", "path"), [("vote", "/drink/"), ("result", "/drink/"), ("admin", "/admin/login/")])
    def test_are_kept_by_nobody(self, ask, role, path):
        assert "no-store" in ask(role, path)["Cache-Control"]

    @pytest.mark.parametrize(("role", "path"), [("vote", "/drink/"), ("result", "/drink/")])
    def test_to_trace_are_a_refusal(self, ask, role, path):
        assert ask(role, path, "TRACE").status_code == 405
