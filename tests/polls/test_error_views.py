"""Pages for what cannot be answered."""

import logging
from collections.abc import Callable

import pytest
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.test import Client

from polls.ballot_box import Unavailable

pytestmark = [pytest.mark.urls("voting_site.urls.vote"), pytest.mark.expects_logged_exceptions]

each_kind = pytest.mark.parametrize(("kind", "status"), [(KeyError, 500), (BadRequest, 400)])


@pytest.fixture
def meet(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], int]:
    """Return a function that lets a page meet with an error, and returns the status of the answer."""
    client.raise_request_exception = False

    def get(error: Exception) -> int:
        def fail(request: HttpRequest, slug: str) -> None:
            raise error

        monkeypatch.setattr("polls.views.look", fail)
        return client.get("/drink/").status_code

    return get


class TestErrors:
    @each_kind
    def test_behind_which_is_an_outage_are_told_as_such_and_logged(self, meet, caplog, kind, status):
        error = kind("not known")
        error.__context__ = Unavailable("away")
        assert meet(error) == 503
        assert [(one.levelno, one.exc_info[1]) for one in caplog.records if one.exc_info] == [(logging.WARNING, error)]
        assert "503 for /drink/: away" in caplog.text

    @each_kind
    def test_of_any_other_kind_are_not(self, meet, kind, status):
        error = kind("not known")
        assert meet(error) == status
        error.__context__ = ValueError("other")
        assert meet(error) == status
