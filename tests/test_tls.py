"""What is different behind a proxy that ends TLS: all requests are redirected to TLS, and no cookie goes without it."""

import http.client
import urllib.parse
from collections.abc import Iterator
from http.cookies import Morsel, SimpleCookie

import pytest

from tests.test_policies import ANSWERS, request
from tests.test_whole_way import SLUG
from tests.voting_site.processes import Up
from tests.web import read_form

each_answer = pytest.mark.parametrize("kind", ANSWERS)
PROXY = "127.0.0.1"


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna"), URNA_TLS="proxy", TRUSTED_PROXIES=PROXY) as up:
        up.wait_until_ready()
        yield up


def ask(urna: Up, kind: str, *, scheme: str, visitor: str = PROXY) -> http.client.HTTPResponse:
    """Send a request as a proxy does, or as somebody who claims to be one."""
    role, method, path, _ = ANSWERS[kind]
    return request(urna.ports[role], method, path, visitor=visitor, X_Forwarded_Proto=scheme)


@each_answer
class TestAnswers:
    def test_tell_browsers_to_come_with_tls_for_a_year(self, urna, kind):
        answer = ask(urna, kind, scheme="https")
        assert answer.status == ANSWERS[kind][3]
        assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]

    @pytest.mark.parametrize(("scheme", "visitor"), [("http", PROXY), ("https", "127.0.0.2")])
    def test_send_everybody_to_tls_who_is_without_and_who_claims_it(self, urna, kind, scheme, visitor):
        answer = ask(urna, kind, scheme=scheme, visitor=visitor)
        role, _, path, _ = ANSWERS[kind]
        assert (answer.status, answer.headers["Location"]) == (301, f"https://127.0.0.1:{urna.ports[role]}{path}")
        assert "Strict-Transport-Security" not in answer.headers
        assert "Set-Cookie" not in answer.headers


class TestCookies:
    def test_of_voters_stay_with_the_host_and_with_tls(self, urna):
        form, kept = self.fetch(urna, "vote", f"/{SLUG}/")
        answer = self.post(urna, "vote", f"/{SLUG}/", kept, read_form(form) | {"q1": "nesquik"})
        assert (answer.status, answer.headers["Location"]) == (303, f"/{SLUG}/cast/")
        self.check(kept | self.cookies(answer), "__Host-urna_vote_csrf", "__Host-urna_vote_voter")

    def test_of_administrators_too(self, urna):
        urna.add_administrator("eva", "a-long-password")
        _, kept = self.fetch(urna, "admin", "/admin/login/")
        token = kept["__Host-urna_admin_csrf"].value
        fields = {"username": "eva", "password": "a-long-password", "csrfmiddlewaretoken": token}
        answer = self.post(urna, "admin", "/admin/login/?next=/admin/", kept, fields)
        assert (answer.status, answer.headers["Location"]) == (302, "/admin/")
        self.check(kept | self.cookies(answer), "__Host-urna_admin_csrf", "__Host-urna_admin_session")

    def check(self, cookies: dict[str, Morsel[str]], *names: str) -> None:
        assert set(cookies) == set(names)
        for cookie in cookies.values():
            assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["httponly"]) == (True, "/", "", True)

    def fetch(self, urna: Up, role: str, path: str) -> tuple[str, dict[str, Morsel[str]]]:
        answer = request(urna.ports[role], "GET", path, X_Forwarded_Proto="https")
        return answer.page, self.cookies(answer)

    def post(
        self, urna: Up, role: str, path: str, cookies: dict[str, Morsel[str]], fields: dict[str, str]
    ) -> http.client.HTTPResponse:
        return request(
            urna.ports[role],
            "POST",
            path,
            body=urllib.parse.urlencode(fields),
            Content_Type="application/x-www-form-urlencoded",
            Cookie="; ".join(f"{name}={cookie.coded_value}" for name, cookie in cookies.items()),
            Origin=f"https://127.0.0.1:{urna.ports[role]}",
            X_Forwarded_Proto="https",
        )

    def cookies(self, answer: http.client.HTTPResponse) -> dict[str, Morsel[str]]:
        read = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie") or []:
            read.load(line)
        return dict(read)
