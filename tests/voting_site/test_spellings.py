"""Requests that are spelt in another way than browsers usually do, and mean the same."""

import http.client
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.voting_site.processes import Up
from tests.web import read_form

SLUG = "nesquik-vs-cola-cao"
# The port that a browser leaves out of an Origin, written into the Host.
BY_PORT = {"Host": "localhost:80", "Origin": "http://localhost"}


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        up.add_administrator("ana", "correct horse battery")
        yield up


def send(
    port: int, method: str, path: str, body: list[bytes] | bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    """Send one request, a list of bytes in chunks; return the answer and its text."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        # http.client writes a body without a known length in chunks.
        content = iter(body) if isinstance(body, list) else body
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        # Who sends too much is answered before the end.
        with suppress(BrokenPipeError):
            connection.request(method, path, content, names, encode_chunked=isinstance(body, list))
        answer = connection.getresponse()
        return answer, answer.read().decode()


def cookies_of(answer: http.client.HTTPResponse) -> str:
    return "; ".join(one.partition(";")[0] for one in answer.headers.get_all("Set-Cookie") or [])


FORM = "application/x-www-form-urlencoded"


class TestHostWithItsUsualPort:
    def test_votes(self, urna):
        port = urna.ports["vote"]
        answer, page = send(port, "GET", f"/{SLUG}/", **BY_PORT)
        body = urllib.parse.urlencode(read_form(page) | {"q1": "nesquik"}).encode()
        answer, _page = send(port, "POST", f"/{SLUG}/", body, **BY_PORT, Cookie=cookies_of(answer), Content_Type=FORM)
        assert answer.status == 303

    def test_opens_a_socket(self, urna):
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
        key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        with closing(http.client.HTTPConnection("127.0.0.1", urna.ports["result"], timeout=10)) as connection:
            names = {name.replace("_", "-"): value for name, value in (BY_PORT | upgrade | key).items()}
            connection.request("GET", f"/ws/{SLUG}/", headers=names)
            assert connection.getresponse().status == 101


class TestFormInChunks:
    def sign_in(self, urna: Up, filler: bytes = b"") -> http.client.HTTPResponse:
        port = urna.ports["admin"]
        answer, page = send(port, "GET", "/admin/login/")
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        fields = {"username": "ana", "password": "correct horse battery", "csrfmiddlewaretoken": token}
        chunks = [urllib.parse.urlencode(fields).encode(), filler]
        return send(port, "POST", "/admin/login/", chunks, Cookie=cookies_of(answer), Content_Type=FORM)[0]

    def test_signs_somebody_in(self, urna):
        assert self.sign_in(urna).status == 302

    def test_that_is_too_large_is_refused(self, urna):
        assert self.sign_in(urna, b"&x=" + b"x" * 2**21).status == 413
