"""Signing in by OpenID Connect, at a real provider that runs as a process of its own."""

import base64
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, expect

from office.models import Membership, Organisation, OutsideIdentity
from office.sign_in import openid
from tests import openid_provider
from tests.office import urls_with_openid
from tests.office.browser import DESKTOP, chromium
from tests.office.doors import PASSWORD, begin, code_of, give_app, is_in, show
from tests.openid_provider import running_provider
from tests.test_accessibility import look_over
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium"]

pytestmark = [pytest.mark.urls(urls_with_openid.__name__), *needs_chromium]

PEOPLE = {
    "mia-1": {"email": "Mia@choir.example", "email_verified": True},
    "eva-1": {"email": "eva@choir.example", "email_verified": False},
    "leo-1": {"email": "leo@choir.example"},
    "new-1": {"email": "new@choir.example", "email_verified": True},
    "odd-1": {"email": "no user name@choir.example", "email_verified": True},
    "nobody-1": {},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Run the provider; its host is another one than that of the office, as cookies see it."""
    with running_provider(PEOPLE) as provider:
        yield provider.issuer


@pytest.fixture(autouse=True)
def _configured(settings: Any, issuer: str) -> Iterator[None]:
    settings.OIDC_ISSUER, settings.OIDC_NAME = issuer, "Choir accounts"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "urna", "a secret"
    openid.provider.cache_clear()
    yield
    openid.provider.cache_clear()


@pytest.fixture
def mia(transactional_db: None) -> User:
    return User.objects.create_superuser("mia", "mia@choir.example", PASSWORD)


def ask(client: Client, path: str = "/openid/") -> str:
    """Begin at the office, and return the address at the provider."""
    answer = client.get(path)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def agree(address: str, who: str) -> str:
    """Sign in at the provider, and return the query with which it sends the browser back."""
    back = urlsplit(openid_provider.agree(address, who))
    assert back.path == "/openid/back/"
    return back.query


def come_back(client: Client, query: str) -> Any:
    """Follow the provider's redirection and the page behind it."""
    page = client.get(f"/openid/back/?{query}")
    [onwards] = set(re.findall(r'content="0; url=([^"]*)"', page.content.decode()))
    return client.get(onwards.replace("&amp;", "&"))


def sign_in(client: Client, who: str, path: str = "/openid/") -> Any:
    return come_back(client, agree(ask(client, path), who))


class TestWayIn:
    def test_finds_an_account_by_the_verified_address_and_later_by_the_subject(self, client, mia):
        assert sign_in(client, "mia-1").headers["Location"] == "/admin/"
        assert is_in(client)
        mia.email = "elsewhere@choir.example"
        mia.save()
        again = Client()
        sign_in(again, "mia-1")
        assert is_in(again)
        assert OutsideIdentity.objects.get().subject == "mia-1"

    def test_stays_with_its_account_if_another_gets_the_address(self, client, mia):
        sign_in(client, "mia-1")
        mia.email = ""
        mia.save()
        User.objects.create_superuser("other", "mia@choir.example")
        again = Client()
        sign_in(again, "mia-1")
        assert again.get("/admin/").context["user"] == mia

    def test_leads_where_somebody_wanted_to_go(self, client, mia):
        page = client.get("/admin/login/?next=/admin/office/loggedact/").content.decode()
        [link] = re.findall(r'href="(/openid/[^"]*)"', page)
        assert "Sign in with Choir accounts" in page
        assert sign_in(client, "mia-1", link).headers["Location"] == "/admin/office/loggedact/"

    def test_leads_nowhere_else(self, client, mia):
        assert sign_in(client, "mia-1", "/openid/?next=https://evil.example/").headers["Location"] == "/admin/"

    def test_asks_for_the_second_factor_of_the_account(self, client, mia):
        app, _codes = give_app(mia)
        assert sign_in(client, "mia-1").headers["Location"] == "/second-factor/"
        assert not is_in(client)
        show(client, code_of(app))
        assert is_in(client)

    def test_uses_pkce_a_state_and_a_nonce(self, client, mia):
        sent = parse_qs(urlsplit(ask(client)).query)
        assert sent["code_challenge_method"] == ["S256"]
        assert all(len(sent[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
        assert sent["redirect_uri"] == ["http://testserver/openid/back/"]
        verifier = client.session[f"_state_openid_{sent['state'][0]}"]["data"]["code_verifier"]
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
        assert sent["code_challenge"] == [digest.rstrip("=")]

    def test_leaves_the_password_as_it_was(self, client, mia):
        sign_in(client, "mia-1")
        other = Client()
        begin(other)
        assert is_in(other)


class TestNobody:
    """Whoever the provider knows, and this office does not."""

    @pytest.mark.parametrize("who", PEOPLE)
    def test_gets_in_or_an_account(self, client, transactional_db, who):
        page = sign_in(client, who)
        assert page.status_code == 403
        assert "no account here has your address" in page.content.decode()
        assert not is_in(client)
        assert not User.objects.exists()

    @pytest.mark.parametrize("who", ["eva-1", "leo-1"])
    def test_gets_in_with_an_address_that_is_not_verified(self, client, transactional_db, who):
        User.objects.create_superuser("somebody", PEOPLE[who]["email"])
        assert sign_in(client, who).status_code == 403

    def test_gets_in_if_two_have_the_address(self, client, mia):
        User.objects.create_superuser("other", "MIA@choir.example")
        assert sign_in(client, "mia-1").status_code == 403

    @pytest.mark.parametrize("field", ["is_active", "is_staff"])
    def test_gets_in_who_is_switched_off(self, client, mia, field):
        sign_in(client, "mia-1")
        User.objects.update(**{field: False})
        assert sign_in(Client(), "mia-1").status_code == 403


class TestMakingAccounts:
    @pytest.fixture(autouse=True)
    def _makes(self, settings: Any, transactional_db: None) -> None:
        settings.OIDC_MAKES_ACCOUNTS = True

    def test_gives_one_that_may_do_nothing_yet(self, client):
        assert sign_in(client, "new-1").status_code == 302
        user = User.objects.get()
        assert (user.username, user.email, user.is_superuser) == ("new@choir.example", "new@choir.example", False)
        assert not user.has_usable_password()
        assert client.get("/admin/polls/election/").status_code == 403
        Membership.objects.create(user=user, organisation=Organisation.objects.create(name="Choir"))
        assert client.get("/admin/polls/election/").status_code == 200

    @pytest.mark.parametrize("who", ["eva-1", "leo-1", "odd-1", "nobody-1"])
    def test_gives_none_without_a_verified_address_that_can_be_a_name(self, client, who):
        assert sign_in(client, who).status_code == 403
        assert not User.objects.exists()

    def test_gives_one_for_two_that_come_at_once(self):
        clients = [Client(), Client()]
        queries = [agree(ask(client), "new-1") for client in clients]
        for client, query in zip(clients, queries, strict=True):
            come_back(client, query)
        assert [is_in(client) for client in clients] == [True, True]
        assert User.objects.count() == 1


class TestForged:
    def test_an_answer_counts_once(self, client, mia):
        query = agree(ask(client), "mia-1")
        come_back(client, query)
        client.post("/admin/logout/")
        assert come_back(client, query).status_code == 403
        assert not is_in(client)

    def test_an_answer_counts_in_the_browser_that_asked(self, client, mia):
        query = agree(ask(client), "mia-1")
        page = come_back(Client(), query)
        assert page.status_code == 403
        assert "has not said who you are" in page.content.decode()

    @pytest.mark.parametrize("query", ["", "code=x&state=y", "error=access_denied", "state=" + "x" * 3000, "code=%00"])
    def test_an_answer_of_nobody_counts_nothing(self, client, mia, query):
        ask(client)
        assert come_back(client, query).status_code == 403
        assert not is_in(client)

    def test_a_no_at_the_provider_is_a_no(self, client, mia):
        query = urlsplit(openid_provider.deny(ask(client))).query
        assert come_back(client, query).status_code == 403

    @pytest.mark.parametrize("what", ["nonce", "redirect_uri"])
    def test_another_nonce_or_address_is_refused(self, client, mia, what):
        query = agree(ask(client), "mia-1")
        session = client.session
        [name] = [name for name in session.keys() if name.startswith("_state_openid_")]  # noqa: SIM118
        session[name]["data"][what] = "another-" * 6
        session.save()
        assert come_back(client, query).status_code == 403
        assert not is_in(client)

    def test_unsigned_tokens_are_not_among_what_is_taken(self, client, mia):
        openid.provider().client.load_server_metadata()["id_token_signing_alg_values_supported"] = [
            "none",
            "HS256",
            "RS256",
        ]
        ask(client)
        assert openid.provider().client.server_metadata["id_token_signing_alg_values_supported"] == ["RS256"]


class TestProvider:
    @pytest.mark.parametrize("other", ["http://127.0.0.1:9", "{issuer}/elsewhere"])
    def test_that_is_none_is_told_and_the_password_still_works(self, client, mia, settings, issuer, other, caplog):
        settings.OIDC_ISSUER = other.format(issuer=issuer)
        page = client.get("/openid/")
        assert page.status_code == 503
        assert "Choir accounts does not answer." in page.content.decode()
        assert "OpenID Connect" in caplog.text
        begin(client)
        assert is_in(client)

    def test_that_calls_itself_something_else_is_none(self, client, mia):
        openid.provider().client.load_server_metadata()["issuer"] = "https://evil.example"
        assert client.get("/openid/").status_code == 503

    def test_that_leads_to_another_one_is_none(self, client, mia, settings, issuer):
        class Elsewhere(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", f"{issuer}/.well-known/openid-configuration")
                self.end_headers()

        with HTTPServer(("127.0.0.1", 0), Elsewhere) as server, ThreadPoolExecutor(1) as pool:
            pool.submit(server.serve_forever)
            settings.OIDC_ISSUER = f"http://127.0.0.1:{server.server_port}"
            answer = client.get("/openid/")
            server.shutdown()
        assert answer.status_code == 503

    def test_that_is_lost_on_the_way_is_told(self, client, mia):
        query = agree(ask(client), "mia-1")
        openid.provider().client.server_metadata["token_endpoint"] = "http://127.0.0.1:9/token"
        assert come_back(client, query).status_code == 503

    @pytest.mark.urls("voting_site.urls.admin")
    def test_is_off_by_default(self, client, mia, settings):
        settings.OIDC_ISSUER = settings.OIDC_NAME = ""
        for path in ("", "back/", "finish/"):
            assert client.get(f"/openid/{path}").status_code == 404
        assert "/openid/" not in client.get("/admin/login/").content.decode()


def test_a_browser_that_comes_from_another_site_is_signed_in(
    chromium: Browser, live_server: Any, mia: User, settings: Any
) -> None:
    """The cookie of the session is strict, and the provider is another site than this one."""
    assert settings.SESSION_COOKIE_SAMESITE == "Strict"
    context = chromium.new_context(base_url=live_server.url, locale="en", **DESKTOP)
    page = context.new_page()
    page.goto("/admin/login/?next=/admin/office/loggedact/")
    assert look_over(page) == []
    page.get_by_role("link", name="Sign in with Choir accounts").click()
    expect(page).to_have_url(re.compile("^http://127.0.0.1"))
    page.get_by_text("mia-1").first.click()
    expect(page).to_have_url(re.compile("^http://localhost.*/admin/office/loggedact/$"))
    expect(page.get_by_text("Log out")).to_be_visible()
    page.goto("/openid/finish/?error=access_denied")
    expect(page.get_by_role("alert")).to_be_visible()
    assert look_over(page) == []
    context.close()
