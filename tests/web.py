"""A voter without a browser: real HTTP against a running Urna, with a cookie jar."""

import functools
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class _From(urllib.request.HTTPHandler):
    """Connections that come from an address of the caller's choice."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._connection = functools.partial(http.client.HTTPConnection, source_address=(address, 0))

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)


class Voter:
    """One visitor of the voting pages, who keeps the cookies."""

    def __init__(self, ballot_url: str, headers: dict[str, str] | None = None, address: str = "127.0.0.1") -> None:
        """Come from `address`, one of 127.0.0.0/8; `headers` go with each request."""
        self.url = ballot_url
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), _NoRedirect, _From(address)
        )
        self._opener.addheaders += list((headers or {}).items())

    def send(self, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """GET the ballot page, or POST fields to it; return status and page; raises OSError without an answer."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        try:
            with self._opener.open(self.url, data, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError("the answer broke off") from error

    def fetch_form(self) -> dict[str, str] | None:
        """Return the hidden fields of a fresh form; None if the page did not come."""
        status, page = self.send()
        return read_form(page) if status == 200 else None


def read_form(html: str) -> dict[str, str]:
    """Return the hidden fields of the ballot form on a page."""
    forms = re.findall(r"<form.*?</form>", html, re.DOTALL)
    [form] = [one for one in forms if 'name="ballot_id"' in one]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
