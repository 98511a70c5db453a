"""What a sender says of its character set."""

import asyncio
import io
import random
from functools import partial
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict

from voting_site import asgi, wsgi
from voting_site.serving.lean_request import Form

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


class TestForm:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"a=1&b=2&a=3", b"a", b"=", b"&&a=&b", b"a=%41+%20%C3%B1", b"a=%FF&%FF=b", b"\xff=\xfe&a=1",
            b"a=b=c;d", b"a=%00\x00&%3D=%26", b"ballot_id=0198-7%3Ax_y-z&q1=nesquik&q1=&q2%3Aant=1", b"a=%3a",
            b"%3A=%3A", b"&a=1&", b"a=1\n", b"a=1%3A\n", b"a=%3", b"a=1=%3A", b"*.~-_=9",
        ],
    )  # fmt: skip
    def test_is_read_as_django_reads_it(self, body: bytes):
        ours, djangos = Form(body), QueryDict(body, mutable=True, encoding="utf-8")
        assert ours.encoding == djangos.encoding
        assert list(ours.lists()) == list(djangos.lists())
        for name in (*djangos, "missing"):
            assert ours.get(name) == djangos.get(name)
            assert ours.get(name, "x") == djangos.get(name, "x")
            assert ours.getlist(name) == djangos.getlist(name)

    @pytest.mark.parametrize("body", [b"a=1&b=2&a=3", b"a=%20"])
    def test_can_be_copied(self, body: bytes):
        copy = Form(body).copy()
        copy["b"] = "4"
        assert copy.dict() | {"b": ""} == Form(body).dict() | {"b": ""}

    def test_gives_the_default_for_a_field_without_values(self):
        forms = Form(b""), QueryDict(mutable=True)
        for form in forms:
            form.setlist("a", [])
            assert form.get("a", "x") == "x"

    @pytest.mark.parametrize("field", [b"a=b&", b"a=%20&", b"&"])
    def test_has_no_more_fields_than_django_takes(self, field: bytes):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        assert len(QueryDict(field * (most - 1) + b"a=b")) == len(Form(field * (most - 1) + b"a=b"))
        for form in (partial(QueryDict, encoding="utf-8"), Form):
            with pytest.raises(TooManyFieldsSent):
                form(field * most)

    def test_of_any_bytes_is_read_as_django_reads_it(self):
        lot = random.Random(17)
        pieces = [b"%", b"3A", b"%3A", b"%3a", b"&", b"=", b"+", b"a", b"Z9", b"_", b"-", b"\xc3", b"\n", b"%20", b";"]
        for _ in range(3000):
            body = b"".join(lot.choices(pieces, k=lot.randrange(12)))
            assert list(Form(body).lists()) == list(QueryDict(body, encoding="utf-8").lists())
