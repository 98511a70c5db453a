"""The way to a real provider and back, as far as the ticket."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from polls import ballot_box
from polls.sign_in.errand import GOOD_FOR_MS, Errand, Ticket, hash_secret
from signin import views
from tests.openid_provider import agree, deny, running_provider
from tests.polls.roll.people import change, enrol

pytestmark = [pytest.mark.urls("voting_site.urls.signin"), pytest.mark.django_db]

PEOPLE = {
    "ana-1": {"email": "Ana@choir.example", "email_verified": True},
    "bea-1": {"email": "bea@choir.example", "email_verified": False},
    "eva-1": {"email": "eva@choir.example", "email_verified": True},
    "leo-1": {},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(PEOPLE) as provider:
        yield provider.issuer


@pytest.fixture(autouse=True)
def _configured(settings: Any, issuer: str) -> Iterator[None]:
    client = {"issuer": issuer, "client_id": "urna", "client_secret": "a secret"}
    nobody = client | {"issuer": "http://127.0.0.1:9"}
    settings.SIGNIN_PROVIDERS = {"choir": "Choir accounts", "gone": "A lost one"}
    settings.SIGNIN_CLIENTS = {"choir": client, "gone": nobody}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.SESSION_COOKIE_SAMESITE = "Lax"
    views.find_provider.cache_clear()
    yield
    views.find_provider.cache_clear()


@pytest.fixture
def election(make_election: Any, box: Any) -> Any:
    election = make_election(slug="board", eligibility="roll", providers=["choir"])
    enrol(election, ["Ana"], email="ana@choir.example")
    enrol(election, ["Bea"], email="bea@choir.example")
    enrol(election, ["Leo"], subject="leo-1")
    return election


def errand(election: Any, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "election": election.pk, "slug": election.slug, "provider": "choir", "browser": hash_secret("mine"),
        "at": ballot_box.read_clock(), "by_subject": True, "anew": False,
    }  # fmt: skip
    return Errand(**fields | changes).sign()


def start(client: Client, text: str, provider: str = "choir") -> Any:
    return client.get(f"/{provider}/?{urlencode({'errand': text})}")


def ask(client: Client, text: str) -> str:
    """Begin, and return the address at the provider."""
    response = start(client, text)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def come_back(client: Client, address: str) -> Any:
    back = urlsplit(address)
    assert back.path == "/choir/back/"
    return client.get(f"{back.path}?{back.query}")


def sign_in(client: Client, election: Any, who: str, **changes: Any) -> Any:
    return come_back(client, agree(ask(client, errand(election, **changes)), who))


def read_ticket(response: Any) -> Ticket:
    [text] = re.findall(r'name="ticket" value="([^"]+)"', response.content.decode())
    return Ticket.read(text, ballot_box.read_clock())


class TestTicket:
    @pytest.mark.parametrize(("who", "number"), [("ana-1", 1), ("leo-1", 3)])
    def test_is_of_the_entry_and_of_the_browser_that_began(self, client, election, who, number):
        ticket = read_ticket(sign_in(client, election, who))
        assert (ticket.election, ticket.slug, ticket.provider) == (election.pk, "board", "choir")
        assert (ticket.number, ticket.issue) == (number, 1)
        assert ticket.is_of_browser("mine")

    def test_goes_to_vote_by_post_and_nowhere_else(self, client, election):
        response = sign_in(client, election, "ana-1")
        page = response.content.decode()
        assert '<form method="post" action="http://testserver:8000/board/signed-in/"' in page
        policy = response["Content-Security-Policy"]
        assert "form-action http://testserver:8000" in policy
        assert "'unsafe-inline'" not in policy
        assert "no-store" in response["Cache-Control"]

    def test_goes_to_a_vote_below_a_path_as_well(self, client, election, settings):
        """A path without a slash at its end is that one page alone to a browser."""
        settings.VOTE_URL = "https://example.org/urna"
        response = sign_in(client, election, "ana-1")
        assert 'action="https://example.org/urna/board/signed-in/"' in response.content.decode()
        assert "form-action https://example.org/urna/;" in response["Content-Security-Policy"] + ";"

    def test_is_not_in_the_log_nor_who_it_is_of(self, client, election, caplog):
        caplog.set_level("DEBUG")
        response = sign_in(client, election, "ana-1")
        [text] = re.findall(r'name="ticket" value="([^"]+)"', response.content.decode())
        sign_in(Client(), election, "eva-1")
        own = [one.getMessage() for one in caplog.records if not one.name.startswith(("django.db", "urllib3"))]
        said = "\n".join(own).lower()
        assert text.lower() not in said
        assert "@choir.example" not in said
        assert "ana-1" not in said


class TestStart:
    def test_uses_pkce_a_state_and_a_nonce(self, client, election):
        sent = parse_qs(urlsplit(ask(client, errand(election))).query)
        assert sent["code_challenge_method"] == ["S256"]
        assert all(len(sent[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
        assert sent["redirect_uri"] == ["http://testserver/choir/back/"]
        assert "prompt" not in sent

    def test_lets_the_provider_ask_anew_once_somebody_has_finished(self, client, election):
        assert parse_qs(urlsplit(ask(client, errand(election, anew=True))).query)["prompt"] == ["login"]

    def test_refuses_an_errand_that_is_old_or_none(self, client, election):
        old = errand(election, at=ballot_box.read_clock() - GOOD_FOR_MS - 1000)
        for text in (old, "", "x", "é" * 3000, errand(election, provider="gone")):
            response = start(client, text)
            assert response.status_code == 403
            assert "Open the ballot again" in response.content.decode()

    @pytest.mark.parametrize("path", ["/nobody/", "/nobody/back/"])
    def test_knows_no_other_provider(self, client, election, path):
        assert client.get(path).status_code == 404

    def test_leads_to_the_elections_if_somebody_opens_it(self, client, election):
        assert client.get("/")["Location"] == "http://testserver:8000/"

    def test_keeps_what_has_begun_in_few_tabs(self, client, election):
        addresses = [ask(client, errand(election)) for _tab in range(8)]
        assert len(client.cookies["urna_manage_session"].value) < 4000
        assert come_back(client, agree(addresses[0], "ana-1")).status_code == 403
        for address in addresses[-2:]:
            assert come_back(client, agree(address, "ana-1")).status_code == 200


class TestRefusal:
    @pytest.mark.parametrize(
        ("who", "said"), [("eva-1", "Nobody on the roll of this election"), ("bea-1", "does not say that your e-mail")]
    )
    def test_says_why_and_what_to_do(self, client, election, who, said):
        response = sign_in(client, election, who)
        page = response.content.decode()
        assert response.status_code == 403
        assert said in page
        assert PEOPLE[who]["email"] in page
        assert 'href="http://testserver:8000/board/"' in page

    def test_tells_nobody_whether_an_address_is_on_the_roll(self, client, election):
        """Whoever has not shown that an address is theirs reads the same, whether it is on the roll or not."""
        before = sign_in(client, election, "bea-1").content.decode()
        election.roll.get(name="Bea").delete()
        after = sign_in(Client(), election, "bea-1").content.decode()
        hide = re.compile(r'nonce="[^"]*"|<code>[0-9a-f-]{8,}</code>')
        assert hide.sub("", before) == hide.sub("", after)

    def test_is_no_ticket_for_who_was_struck(self, client, election):
        change(election.roll.get(name="Ana"), struck_at=election.opens_at)
        assert sign_in(client, election, "ana-1").status_code == 403

    def test_of_who_says_no_at_the_provider(self, client, election):
        response = come_back(client, deny(ask(client, errand(election))))
        assert response.status_code == 403
        assert "You did not sign in with Choir accounts" in response.content.decode()
        assert 'href="http://testserver:8000/board/"' in response.content.decode()

    def test_of_an_answer_that_comes_twice_or_in_another_browser(self, client, election):
        back = agree(ask(client, errand(election)), "ana-1")
        assert come_back(Client(), back).status_code == 403
        assert come_back(client, back).status_code == 200
        assert come_back(client, back).status_code == 403

    @pytest.mark.parametrize("query", ["", "code=x&state=y", "state=" + "x" * 3000, "code=%00", "error=x&state=é"])
    def test_of_an_answer_of_nobody(self, client, election, query):
        ask(client, errand(election))
        assert client.get(f"/choir/back/?{query}").status_code == 403

    def test_when_the_provider_is_lost_before_and_on_the_way(self, client, election, caplog):
        response = start(client, errand(election, provider="gone"), "gone")
        assert response.status_code == 503
        assert "A lost one does not answer." in response.content.decode()
        back = agree(ask(client, errand(election)), "ana-1")
        views.find_provider("choir").client.server_metadata["token_endpoint"] = "http://127.0.0.1:9/token"
        response = come_back(client, back)
        assert response.status_code == 503
        assert "Whoever has signed in before can vote." in response.content.decode()
