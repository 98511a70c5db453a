"""A provider of OpenID Connect, as both roles that ask one see it; more stands in tests/office/test_openid.py."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory

from openid.provider import Cancelled, Provider, Refused, Silent
from tests.openid_provider import agree, deny, running_provider


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider({"ana-1": {"email": "ana@choir.example", "email_verified": True}}) as provider:
        yield provider.issuer


@pytest.fixture
def provider(issuer: str) -> Provider:
    return Provider("choir", issuer=issuer, client_id="urna", client_secret="a secret")


def request(path: str, session: dict[str, Any]) -> Any:
    made: Any = RequestFactory().get(path)
    made.session = session
    return made


def come_back(provider: Provider, session: dict[str, Any], address: str) -> Any:
    return provider.read_claims(request(f"/back/?{urlsplit(address).query}", session))


class TestProvider:
    def test_says_who_somebody_is(self, provider):
        session: dict[str, Any] = {}
        asked = provider.redirect(request("/", session), "http://testserver/back/", state="s" * 20, prompt="login")
        sent = parse_qs(urlsplit(asked["Location"]).query)
        assert (sent["state"], sent["prompt"]) == (["s" * 20], ["login"])
        claims = come_back(provider, session, agree(asked["Location"], "ana-1"))
        assert (claims["sub"], claims["email"], claims["email_verified"]) == ("ana-1", "ana@choir.example", True)

    def test_tells_a_no_from_an_answer_that_is_none(self, provider):
        session: dict[str, Any] = {}
        asked = provider.redirect(request("/", session), "http://testserver/back/")
        with pytest.raises(Cancelled):
            come_back(provider, session, deny(asked["Location"]))
        with pytest.raises(Refused) as refusal:
            come_back(provider, {}, agree(asked["Location"], "ana-1"))
        assert not isinstance(refusal.value, Cancelled)

    def test_that_calls_itself_something_else_is_none(self, issuer):
        other = Provider("choir", issuer=f"{issuer}/", client_id="urna", client_secret="a secret")
        with pytest.raises(Silent):
            other.redirect(request("/", {}), "http://testserver/back/")
