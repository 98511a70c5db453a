"""Serve a WSGI application on one event loop, each request in a greenlet of its own.

Requests come by Granian's RSGI. A greenlet stops where it asks the ballot box, and goes on when the answer has come;
nothing else in the `vote` role waits. A thread for each request would do as well, but changing threads costs more than
a vote does, and a form that never ends would hold a thread.
"""

import asyncio
import io
import socket
import sys
from collections.abc import Callable, Iterable
from contextvars import Context
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from django.conf import settings
from granian.rsgi import ProtocolClosed
from greenlet import GreenletExit, getcurrent, greenlet

from polls import ballot_box
from polls.cluster_line import make_line

from .bodies import LARGEST_BODY
from .overload import BUSY, BUSY_HEADERS
from .proxies import WsgiProxies

# Requests that may wait for the box at once; further ones are refused with 503. While the box answers, few wait.
MOST = 1000
# Greenlets that are kept for the next requests, because a new one takes memory from the kernel.
KEPT = 100


Headers = list[tuple[str, str]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TooLarge(Exception):
    """A body has more than LARGEST_BODY bytes."""


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    headers: Headers
    body: bytes


TOO_LARGE = Answer(413, [("Content-Type", "text/plain"), ("Connection", "close")], b"Too large.\n")
TOO_SLOW = Answer(408, [("Content-Type", "text/plain"), ("Connection", "close")], b"Too slow.\n")
TOO_MANY = Answer(503, [(name.decode(), value.decode()) for name, value in BUSY_HEADERS], BUSY)


class Request(NamedTuple):
    """One request, and the future of its answer."""

    environ: dict[str, Any]
    answered: asyncio.Future[Answer]


class GreenApplication:
    """An RSGI application that serves a WSGI application, behind the proxies that it trusts."""

    def __init__(self, proxies: WsgiProxies) -> None:
        self._proxies = proxies
        self._context = Context()
        self._idle: list[greenlet] = []
        self._inside = 0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_exception_handler(log_error)
        line = make_line()
        self._context.run(ballot_box.connection.line.set, line.ask)
        self._serving = loop.create_task(line.serve())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._serving.cancel()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        try:
            body = await read_body(scope.headers, protocol)
        except ProtocolClosed:
            # The client sent half a form and left.
            return
        except TooLarge:
            answer = TOO_LARGE
        except TimeoutError:
            answer = TOO_SLOW
        else:
            answer = TOO_MANY if self._inside >= MOST else await self._answer(build_environ(scope, body))
        protocol.response_bytes(*answer)

    async def _answer(self, environ: dict[str, Any]) -> Answer:
        self._inside += 1
        try:
            if self._proxies.is_stale(environ):
                # In a thread, because the loop would serve no other request meanwhile.
                await asyncio.to_thread(self._proxies.refresh, environ)
            self._proxies.judge(environ)
            request = Request(environ, asyncio.get_running_loop().create_future())
            worker = self._idle.pop() if self._idle else greenlet(self._work)
            worker.switch(request)
            return await request.answered
        finally:
            self._inside -= 1

    def _work(self, request: Request) -> None:
        """Answer requests in this greenlet, one after the other, for as long as it is kept."""
        this = getcurrent()
        assert this.parent
        while True:
            try:
                answer = self._context.copy().run(call, self._proxies.application, request.environ)
            except GreenletExit:
                raise
            except BaseException as error:  # it must not surface in the loop, which serves other requests as well
                if not request.answered.done():
                    request.answered.set_exception(error)
            else:
                # It is done already if the client has left.
                if not request.answered.done():
                    request.answered.set_result(answer)
            if len(self._idle) >= KEPT:
                return
            self._idle.append(this)
            request = this.parent.switch()


def log_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error that nobody has taken from the loop, unless it is of a name that could not be looked up.

    When connecting takes too long, the request fails and says so. uvloop still looks the name up, and would report its
    failure as well, with a stack trace.
    """
    if not isinstance(context.get("exception"), socket.gaierror):
        loop.default_exception_handler(context)


async def read_body(headers: Any, protocol: Any) -> bytes:
    """Return the body of a request; raises TooLarge, or TimeoutError if it comes too slowly after the headers."""
    length = headers.get("content-length")
    if length is None and "transfer-encoding" not in headers:
        return b""
    if length is not None and int(length) > LARGEST_BODY:
        raise TooLarge
    task = asyncio.current_task()
    assert task
    # What `asyncio.timeout` does, in half of its time. Nothing else cancels the task of a request.
    overdue = asyncio.get_running_loop().call_later(settings.REQUEST_TIMEOUT, task.cancel)
    try:
        if length is not None:
            return bytes(await protocol())
        body = bytearray()
        async for part in protocol:
            body += part
            if len(body) > LARGEST_BODY:
                raise TooLarge
        return bytes(body)
    except asyncio.CancelledError:
        raise TimeoutError from None
    finally:
        overdue.cancel()


def build_environ(scope: Any, body: bytes) -> dict[str, Any]:
    """Describe a request as PEP 3333 has it."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = name_in_environ(name)
        if key in environ:
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        elif key:
            environ[key] = value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


@lru_cache(maxsize=256)
def name_in_environ(name: str) -> str:
    """Return a header's name in the environ, "" for a header that would look like another one: `X_Y` like `X-Y`."""
    if "_" in name:
        return ""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def call(application: WsgiApplication, environ: dict[str, Any]) -> Answer:
    """Return the whole answer of a WSGI application."""
    status, headers = 0, Headers()

    def start_response(line: str, fields: Headers, exc_info: Any = None) -> None:
        nonlocal status, headers
        status, headers = int(line[:3]), fields

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    return Answer(status, headers, body)
