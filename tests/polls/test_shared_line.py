"""A connection to the box that all requests share: with the real box, and with what may go wrong on the way to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from greenlet import greenlet

from polls.shared_line import SharedLine

pytestmark = pytest.mark.usefixtures("redis")


async def ask(line: SharedLine, *questions: Sequence[Sequence[str]]) -> list[Any]:
    """Ask all questions at once, each in a greenlet; return the replies, or the error, to each."""
    loop = asyncio.get_running_loop()
    answered = [loop.create_future() for _ in questions]

    def work(question: Any, future: Any) -> None:
        try:
            future.set_result(line.ask(question))
        except redis.RedisError as error:
            future.set_result(error)

    for question, future in zip(questions, answered, strict=True):
        greenlet(work).switch(question, future)
    return list(await asyncio.gather(*answered))


@asynccontextmanager
async def serving() -> AsyncIterator[SharedLine]:
    """A line as the settings have it, which is served during the block."""
    line = SharedLine()
    task = asyncio.create_task(line.serve())
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def line():
    async with serving() as made:
        yield made


class Door:
    """A way to the box on which each connection has a fate: what becomes of the first question that is an ECHO."""

    def __init__(self, *fates: Literal["cut", "silent", "busy", "open"]) -> None:
        self.fates = list(fates)
        self.connections = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        box = urlsplit(settings.REDIS_URL)
        self._box = box.path
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"redis://{box.username or ''}:{box.password or ''}@127.0.0.1:{port}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.append(task)
        fate = self.fates[min(self.connections, len(self.fates) - 1)]
        self.connections += 1
        from_box, to_box = await asyncio.open_unix_connection(self._box)
        back = asyncio.create_task(self._carry(from_box, writer))
        while data := await reader.read(4096):
            if b"ECHO" in data and fate == "cut":
                break
            if b"ECHO" in data and fate == "busy":
                writer.write(b"$1\r\na\r\n-LOADING the data is read from the disk\r\n")
            if b"ECHO" not in data or fate == "open":
                to_box.write(data)
        for end in (to_box, writer):
            end.close()
            await end.wait_closed()
        await back

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Both tries have to be over within this time, also on a busy machine."""
    monkeypatch.setattr(settings, "REDIS_TIMEOUT", 20)


class TestSharedLine:
    async def test_gives_each_its_own_replies(self, line):
        questions = [[("ECHO", f"{number}"), ("ECHO", "x" * number)] for number in range(200)]
        replies = await ask(line, *questions)
        assert replies == [[f"{number}".encode(), b"x" * number] for number in range(200)]

    async def test_tells_an_error_to_the_one_who_made_it(self, line):
        wrong, right, other = await ask(line, [("NOSUCH",)], [("PING",)], [("PING",), ("GET",), ("PING",)])
        assert isinstance(wrong, redis.ResponseError)
        assert isinstance(other, redis.ResponseError)
        assert right == [b"PONG"]
        assert await ask(line, [("PING",)]) == [[b"PONG"]]

    async def test_lets_nobody_suffer_from_what_another_wants_to_write(self, line):
        def ask_badly() -> None:
            with pytest.raises(UnicodeEncodeError):
                line.ask([("ECHO", "\ud800")])

        bad = greenlet(ask_badly)
        bad.switch()
        assert bad.dead
        assert await ask(line, [("PING",)]) == [[b"PONG"]]

    async def test_asks_once_more_on_a_broken_connection(self, monkeypatch):
        async with Door("cut", "open") as door:
            monkeypatch.setattr(settings, "REDIS_URL", door.url)
            async with serving() as line:
                assert await ask(line, [("ECHO", "a")]) == [[b"a"]]
                assert door.connections == 2

    async def test_asks_once_more_if_a_later_reply_says_that_the_box_is_not_there_yet(self, monkeypatch):
        async with Door("busy", "open") as door:
            monkeypatch.setattr(settings, "REDIS_URL", door.url)
            async with serving() as line:
                assert await ask(line, [("ECHO", "a")], [("ECHO", "b")]) == [[b"a"], [b"b"]]
                assert await ask(line, [("ECHO", "c")]) == [[b"c"]]
                assert door.connections == 2

    async def test_gives_up_after_the_second(self, monkeypatch):
        async with Door("cut") as door:
            monkeypatch.setattr(settings, "REDIS_URL", door.url)
            async with serving() as line:
                found = await ask(line, [("ECHO", "a")], [("ECHO", "b")])
                assert [type(one) for one in found] == [redis.ConnectionError] * 2
                assert door.connections == 2

    async def test_never_asks_again_after_a_time_out_and_uses_another_connection_then(self, monkeypatch):
        async with Door("silent", "open") as door:
            monkeypatch.setattr(settings, "REDIS_URL", door.url)
            async with serving() as line:
                with monkeypatch.context() as for_a_moment:
                    for_a_moment.setattr(settings, "REDIS_TIMEOUT", 1)
                    [found] = await ask(line, [("ECHO", "a")])
                assert type(found) is redis.TimeoutError
                assert door.connections == 1
                assert await ask(line, [("ECHO", "b")]) == [[b"b"]]

    async def test_says_so_where_nobody_listens(self, monkeypatch):
        monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:9/0")
        async with serving() as line:
            for _ in range(2):
                [found] = await ask(line, [("PING",)])
                assert isinstance(found, redis.ConnectionError)
