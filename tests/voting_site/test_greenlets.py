"""A WSGI application behind RSGI, with a box whose answers come later."""

import asyncio
import gc
import io
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from polls import ballot_box
from voting_site.serving import greenlets
from voting_site.serving.bodies import LARGEST_BODY
from voting_site.serving.greenlets import GreenApplication, build_environ, name_in_environ
from voting_site.serving.proxies import Proxies, WsgiProxies

pytestmark = pytest.mark.usefixtures("redis")


class Headers:
    """What Granian gives: names in small letters, the same one several times."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self.fields = fields

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str, default: str | None = None) -> str | None:
        return next((value for key, value in self.fields if key == name), default)

    def items(self) -> list[tuple[str, str]]:
        return list(self.fields)


class Scope:
    """A request as Granian describes it."""

    proto, http_version, scheme, method = "http", "1.1", "http", "POST"
    server, client = "127.0.0.1:8000", "127.0.0.2:5000"

    def __init__(self, *fields: tuple[str, str], path: str = "/", query_string: str = "") -> None:
        self.path, self.query_string, self.headers = path, query_string, Headers(*fields)


class Protocol:
    """The way back; the body comes in `parts`, and after them nothing if it `hangs`."""

    def __init__(self, *parts: bytes, hangs: bool = False) -> None:
        self.parts, self.hangs = parts, hangs
        self.answer: Any = None

    async def __call__(self) -> bytes:
        return b"".join([part async for part in self])

    async def __aiter__(self) -> Any:
        for part in self.parts:
            yield part
        if self.hangs:
            await asyncio.Event().wait()

    def response_bytes(self, *answer: Any) -> None:
        self.answer = answer


def say(status: str, body: bytes) -> Callable[..., Any]:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [("X-Said", "so")])
        return [body, environ["wsgi.input"].read()]

    return application


async def ask(served: GreenApplication, scope: Scope, protocol: Protocol) -> Any:
    await served.__rsgi__(scope, protocol)
    return protocol.answer


@pytest.fixture
async def serving():
    """Return a function that makes a served application of a WSGI one, for the loop that runs."""
    made: list[GreenApplication] = []

    def serve(application: Any, *proxies: str) -> GreenApplication:
        served = GreenApplication(WsgiProxies(application, Proxies(proxies), believe_scheme=False))
        served.__rsgi_init__(asyncio.get_running_loop())
        made.append(served)
        return served

    yield serve
    for one in made:
        one.__rsgi_del__(asyncio.get_running_loop())
        await asyncio.wait([one._serving])


class TestGreenApplication:
    async def test_answers_with_status_headers_and_body(self, serving):
        scope = Scope(("content-length", "4"))
        answer = await ask(serving(say("201 Created", b"was: ")), scope, Protocol(b"te", b"xt"))
        assert answer == (201, [("X-Said", "so")], b"was: text")

    async def test_serves_others_while_the_box_is_asked(self, serving):
        """A hundred requests ask the box at once, each of them twice, and none gets another's answer."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            mine = environ["QUERY_STRING"]
            said = [ballot_box.connection.ask(("ECHO", mine), ("ECHO", f"{mine}!")) for _ in range(2)]
            return [b" ".join(reply for replies in said for reply in replies)]

        served = serving(application)
        answers = await asyncio.gather(
            *(ask(served, Scope(query_string=str(number)), Protocol()) for number in range(100))
        )
        assert [body.decode() for _, _, body in answers] == [f"{n} {n}! {n} {n}!" for n in range(100)]
        # As many greenlets as waited at the same time, and they are there for the next.
        assert len(served._idle) == 100
        await ask(served, Scope(), Protocol())
        assert len(served._idle) == 100

    async def test_gives_each_request_variables_of_its_own(self, serving):
        from contextvars import ContextVar

        mine: ContextVar[str] = ContextVar("mine", default="nobody's")

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            before = mine.get()
            mine.set(environ["QUERY_STRING"])
            ballot_box.connection.ask(("PING",))
            return [f"{before} {mine.get()}".encode()]

        served = serving(application)
        for _ in range(2):
            answers = await asyncio.gather(*(ask(served, Scope(query_string=c), Protocol()) for c in "ab"))
            assert [body for _, _, body in answers] == [b"nobody's a", b"nobody's b"]

    async def test_passes_an_error_on_and_serves_the_next(self, serving):
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            ballot_box.connection.ask(("PING",))
            if environ["QUERY_STRING"] == "bad":
                raise RuntimeError("broken")
            start_response("200 OK", [])
            return [b"fine"]

        served = serving(application)
        with pytest.raises(RuntimeError, match="broken"):
            await ask(served, Scope(query_string="bad"), Protocol())
        assert (await ask(served, Scope(), Protocol()))[2] == b"fine"

    async def test_survives_those_who_do_not_wait(self, serving):
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            ballot_box.connection.ask(("PING",))
            return [b"fine"]

        served = serving(application)
        gone = [asyncio.create_task(ask(served, Scope(), Protocol())) for _ in range(5)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.wait(gone)
        assert all(one.cancelled() for one in gone)
        assert (await ask(served, Scope(), Protocol()))[2] == b"fine"

    async def test_survives_an_application_that_wants_to_end_the_process(self, serving):
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            ballot_box.connection.ask(("PING",))
            if environ["QUERY_STRING"] == "bad":
                raise GeneratorExit
            return [b"fine"]

        served = serving(application)
        with pytest.raises(GeneratorExit):
            await ask(served, Scope(query_string="bad"), Protocol())
        assert (await ask(served, Scope(), Protocol()))[2] == b"fine"

    async def test_tells_too_many_to_come_back_and_keeps_few_greenlets(self, serving, monkeypatch):
        monkeypatch.setattr(greenlets, "MOST", 8)
        monkeypatch.setattr(greenlets, "KEPT", 3)

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            ballot_box.connection.ask(("PING",))
            return [b"fine"]

        served = serving(application)
        for _ in range(2):
            answers = await asyncio.gather(*(ask(served, Scope(), Protocol()) for _ in range(20)))
            assert sorted(status for status, _, _ in answers) == [200] * 8 + [503] * 12
            assert len(served._idle) == 3
        assert dict(next(headers for status, headers, _ in answers if status == 503))["retry-after"] == "2"

    async def test_serves_others_while_the_name_of_a_proxy_is_looked_up(self, serving, monkeypatch):
        passed_by = threading.Event()

        def look_up(*_: Any, **__: Any) -> list[Any]:
            # A name server that answers only once the loop has done something else.
            assert passed_by.wait(10)
            return [(None, None, None, "", ("127.0.0.2", 0))]

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [environ["REMOTE_ADDR"].encode()]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        scope = Scope(("x-forwarded-for", "198.51.100.1"))
        waiting = asyncio.create_task(ask(serving(application, "proxy"), scope, Protocol()))
        await asyncio.sleep(0)
        passed_by.set()
        assert (await waiting)[2] == b"198.51.100.1"

    async def test_closes_what_the_application_returned(self, serving):
        closed = []

        class Parts(list[bytes]):
            def close(self) -> None:
                closed.append(True)

        def application(environ: dict[str, Any], start_response: Any) -> Parts:
            start_response("200 OK", [])
            return Parts([b"a"])

        await ask(serving(application), Scope(), Protocol())
        assert closed == [True]


class TestBodies:
    @pytest.mark.parametrize(
        ("fields", "parts"),
        [
            ([("content-length", str(LARGEST_BODY + 1))], []),
            ([("transfer-encoding", "chunked")], [b"a" * 2**19] * 3),
        ],
        ids=["by its own word", "in chunks"],
    )
    async def test_that_are_too_large_are_refused(self, serving, fields, parts):
        answer = await ask(serving(say("200 OK", b"")), Scope(*fields), Protocol(*parts))
        assert answer[0] == 413

    @pytest.mark.parametrize("field", [("content-length", "9"), ("transfer-encoding", "chunked")])
    async def test_that_never_end_are_refused_in_time(self, serving, settings, field):
        settings.REQUEST_TIMEOUT = 0.05
        assert (await ask(serving(say("200 OK", b"")), Scope(field), Protocol(b"a", hangs=True)))[0] == 408

    async def test_without_a_length_are_none(self, serving):
        assert (await ask(serving(say("200 OK", b"empty")), Scope(), Protocol(hangs=True)))[2] == b"empty"


class TestErrorsOfTheLoop:
    def test_of_a_name_that_nobody_waits_for_are_not_logged(self, caplog):
        async def give_up_connecting() -> None:
            asyncio.get_running_loop().set_exception_handler(handler)
            connecting = asyncio.create_task(asyncio.open_connection("nobody.invalid", 6379))
            await asyncio.sleep(0)
            connecting.cancel()
            # The look-up is reported once nothing refers to it.
            del connecting
            async with asyncio.timeout(30):
                while not handled:
                    await asyncio.sleep(0.01)
                    gc.collect()

        handled: list[Any] = []

        def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            greenlets.log_error(loop, context)
            handled.append(context["exception"])

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(give_up_connecting())
        assert [type(one) for one in handled] == [socket.gaierror]
        assert not caplog.records

    @pytest.mark.expects_logged_exceptions
    async def test_of_anything_else_are_logged(self, serving, caplog):
        serving(say("200 OK", b""))
        asyncio.get_running_loop().call_exception_handler({"message": "a task failed", "exception": OSError("lost")})
        assert [one.message for one in caplog.records] == ["a task failed"]


class TestEnviron:
    def test_joins_what_comes_twice(self):
        fields = [("accept", "a"), ("cookie", "b=1"), ("accept", "c"), ("cookie", "d=2")]
        environ = build_environ(Scope(*fields), b"")
        assert (environ["HTTP_ACCEPT"], environ["HTTP_COOKIE"]) == ("a,c", "b=1; d=2")

    def test_has_the_path_as_bytes_in_latin_1(self):
        path = build_environ(Scope(path="/votaci%C3%B3n/%ff"), b"")["PATH_INFO"]
        assert path.encode("latin-1") == "/votación/".encode() + b"\xff"

    def test_has_the_query_as_bytes_in_latin_1(self):
        assert build_environ(Scope(query_string="a=\ud07c"), b"")["QUERY_STRING"].encode("latin-1") == b"a=\xed\x81\xbc"

    def test_takes_no_header_for_another(self):
        environ = build_environ(Scope(("x_forwarded_for", "9.9.9.9"), ("x-forwarded-for", "1.1.1.1")), b"")
        assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"
        assert name_in_environ("content-type") == "CONTENT_TYPE"

    def test_says_where_the_request_came_from_and_went_to(self):
        environ = build_environ(Scope(("content-length", "77")), b"abc")
        assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == (
            "127.0.0.2",
            "127.0.0.1",
            "8000",
        )
        assert (environ["CONTENT_LENGTH"], environ["wsgi.input"].read()) == ("3", b"abc")
        assert isinstance(environ["wsgi.input"], io.BytesIO)
