"""Who votes, by the cookie."""

from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from polls import accepting, wake_up
from polls.definition import Definition
from polls.voters import derive_voter, identify, new_visitor, set_cookie, shard_of
from tests.web import read_form


def request_of(visitor: str, *, forged: bool = False) -> HttpRequest:
    """Make the request of a browser that keeps the cookie of `visitor`."""
    response, request = HttpResponse(), HttpRequest()
    set_cookie(response, visitor)
    value = response.cookies[settings.VOTER_COOKIE_NAME].value
    request.COOKIES[settings.VOTER_COOKIE_NAME] = value.replace(visitor, "somebody") if forged else value
    return request


class TestIdentify:
    def test_tells_whose_cookie_it_is(self, define):
        drink, visitor = define(), new_visitor()
        voter = identify(request_of(visitor), drink)
        assert voter == derive_voter(drink, visitor)
        assert voter.visitor == visitor

    def test_knows_nobody_without_a_cookie_or_with_one_of_their_own(self, define):
        assert identify(HttpRequest(), define()) is None
        assert identify(request_of("ana", forged=True), define()) is None

    def test_shows_the_cookie_in_no_log(self, define):
        assert "ana" not in repr(identify(request_of("ana"), define()))

    @pytest.mark.parametrize("shards", [1, 2, 3, 64])
    def test_finds_the_shard_in_which_the_key_belongs(self, define, shards):
        drink = define(shards=shards)
        voters = [derive_voter(drink, new_visitor()) for _ in range(200)]
        assert [voter.shard for voter in voters] == [shard_of(voter.key, shards) for voter in voters]
        assert {voter.shard for voter in voters} <= set(range(shards))
        assert len({voter.shard for voter in voters}) > shards / 2


@pytest.mark.urls("voting_site.urls.vote")
class TestRequest:
    """Whatever a request comes to, it derives who votes once."""

    @pytest.fixture(autouse=True)
    def _no_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wake_up.current_app, "send_task", lambda *args, **kwargs: None)

    @pytest.fixture
    def derived(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was derived from the election's secret."""
        texts: list[str] = []
        derive = Definition.derive

        def noted(definition: Definition, text: str) -> bytes:
            texts.append(text)
            return derive(definition, text)

        monkeypatch.setattr(Definition, "derive", noted)
        return texts

    @pytest.fixture
    def visitor(self, define, browser, derived) -> str:
        """The visitor who has opened the ballot page, and votes now."""
        define(proof_of_work=True)
        self.form = read_form(browser.get("/drink/").content.decode())
        derived.clear()
        return browser.cookies[settings.VOTER_COOKIE_NAME].value.partition(":")[0]

    @pytest.mark.parametrize(
        ("changes", "proof", "status"),
        [
            ({}, True, 303),
            ({}, False, 400),
            ({"q1": "beer"}, True, 400),
            ({"design": "f" * 16}, True, 409),
        ],
    )
    def test_that_votes(self, visitor, browser, derived, monkeypatch, changes: dict[str, Any], proof, status):
        monkeypatch.setattr(accepting, "is_solved", lambda *_: proof)
        assert browser.post("/drink/", self.form | {"q1": "nesquik"} | changes).status_code == status
        assert derived.count(visitor) == 1

    def test_that_votes_again_when_its_proof_has_expired(self, visitor, browser, derived, monkeypatch):
        monkeypatch.setattr(accepting, "is_solved", lambda *_: True)
        assert browser.post("/drink/", self.form | {"q1": "nesquik"}).status_code == 303
        derived.clear()
        monkeypatch.setattr(accepting, "is_solved", lambda *_: False)
        assert browser.post("/drink/", self.form | {"q1": "nesquik"}).status_code == 303
        assert derived.count(visitor) == 1

    def test_that_looks(self, visitor, browser, derived):
        for path in ("/drink/", "/drink/cast/", "/drink/cast/state.json"):
            derived.clear()
            assert browser.get(path).status_code == 200
            assert derived.count(visitor) == 1
