"""What a sender says of its character set."""

import asyncio
import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from voting_site import asgi, wsgi

MANY = "x=1&" * 1001


def ask_wsgi(query: str, content_type: str) -> str:
    """Return the status with which the entry point of `vote` and `admin` answers."""
    environ: dict[str, Any] = {"PATH_INFO": "/healthz", "QUERY_STRING": query, "CONTENT_TYPE": content_type}
    setup_testing_defaults(environ)
    environ |= {"HTTP_HOST": "localhost", "wsgi.input": io.BytesIO()}
    said: list[str] = []
    wsgi.application(environ, lambda status, *_: said.append(status))
    return said[0].split()[0]


def ask_asgi(query: str, content_type: str) -> str:
    """Return the status with which the entry point of `result` answers."""
    headers = [(b"host", b"localhost"), (b"content-type", content_type.encode())]
    coming = [{"type": "http.request", "body": b""}]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop()

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/healthz", "query_string": query.encode(), "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asyncio.run(asgi.application(scope, receive, send))
    return str(said[0]["status"])


@pytest.mark.parametrize("ask", [ask_wsgi, ask_asgi])
class TestCharset:
    @pytest.mark.parametrize("charset", ["hex", "latin-1", "utf-16", "undefined", "nothing", "utf-8"])
    def test_is_no_reason_to_fail(self, ask: Any, charset: str):
        assert ask("x=%ff", f"text/plain; charset={charset}") == "200"

    @pytest.mark.parametrize("charset", ["hex", "latin-1", "utf-8"])
    def test_lets_nobody_past_the_limit_of_fields(self, ask: Any, charset: str):
        assert ask(MANY, f"text/plain; charset={charset}") in {"200", "400"}
