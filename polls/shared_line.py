"""One connection to the ballot box, which all requests of a process share.

While one round trip is under way, requests are collected for the next: under load a hundred ballots go out at once,
and share one write to Redis's disk. Sent one by one they would cost system calls and context switches, which take
longer than the rest of a vote.

Each request runs in a greenlet, so that its code reads as if it waited.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import hiredis
import redis.asyncio
from django.conf import settings
from greenlet import getcurrent
from redis._parsers.hiredis import NOT_ENOUGH_DATA

from .ballot_box import sentinels
from .ballot_box.cluster import Command

REPLACED = "the server has become a replica of another one"
# Replies after which a connection leads to nothing: the server starts, or is the primary no more.
_OF_CONNECTION = (redis.ConnectionError, redis.ReadOnlyError)


class Asker(Protocol):
    """Who waits for the replies: a greenlet, or what is told the replies as one is."""

    def switch(self, replies: list[Any], /) -> Any: ...

    def throw(self, kind: type[BaseException], args: Any, /) -> Any: ...


class Question(NamedTuple):
    """Packed commands, their number, and who waits for the replies."""

    asker: Asker
    packed: Sequence[bytes]
    number: int


def pack(commands: Sequence[Command]) -> list[bytes]:
    """Write commands as Redis reads them; redis-py's own way, in Python, takes a tenth of a vote's time."""
    return [hiredis.pack_command(tuple(command)) for command in commands]  # type: ignore[arg-type]


def make_pool() -> Any:
    """Return a pool of connections to the Redis of the settings; each is made with its first use."""
    options: dict[str, Any] = {"socket_connect_timeout": settings.REDIS_TIMEOUT, "socket_timeout": None}
    if settings.REDIS_SENTINELS:
        return sentinels.make_pool(**options)
    return redis.asyncio.ConnectionPool.from_url(settings.REDIS_URL, **options)


class SharedLine:
    """A line that the greenlets of one event loop share."""

    def __init__(self, connection: Any = None) -> None:
        # Kept, since a connection that finds its server by Sentinels holds its pool only weakly.
        self._pool = None if connection else make_pool()
        self._connection: Any = self._pool.make_connection() if self._pool else connection
        self._waiting: list[Question] = []
        self._asked = asyncio.Event()

    def ask(self, commands: Sequence[Command], confirmed: bool = False) -> list[Any]:
        """Send commands, and return their replies; raises the client's errors. To be called in a greenlet.

        Nothing is `confirmed` by replicas here: confirming_line.py does that.
        """
        asker = getcurrent()
        assert asker.parent, "only a greenlet can wait here"
        # Packed here, so that commands that cannot be packed fail for this request only.
        self.take(Question(asker, pack(commands), len(commands)))
        replies: list[Any] = asker.parent.switch()
        for reply in replies:
            if isinstance(reply, redis.RedisError):
                raise reply
        return replies

    def take(self, question: Question) -> None:
        """Take a question that goes out with the next round trip."""
        self._waiting.append(question)
        self._asked.set()

    async def serve(self) -> None:
        """Carry questions to the box and replies back, until cancelled."""
        try:
            while True:
                await self._asked.wait()
                self._asked.clear()
                questions, self._waiting = self._waiting, []
                await self._answer(questions)
        finally:
            await self._connection.disconnect(nowait=True)

    async def _answer(self, questions: Sequence[Question]) -> None:
        try:
            replies = await self._exchange(questions)
        except Exception as error:  # whatever it is, the requests wait for an answer
            for one in questions:
                # Each request gets an error of its own, since raising one adds to its traceback.
                one.asker.throw(type(error), error.args)
            return
        each = iter(replies)
        for one in questions:
            one.asker.switch([next(each) for _ in range(one.number)])

    async def _exchange(self, questions: Sequence[Question]) -> list[Any]:
        """Send questions and return the replies; once more on a broken connection, never after a time-out."""
        try:
            async with asyncio.timeout(settings.REDIS_TIMEOUT):
                try:
                    return await self._send(questions)
                except redis.ConnectionError:
                    return await self._send(questions)
        except TimeoutError:
            raise redis.TimeoutError(f"no answer within {settings.REDIS_TIMEOUT} s") from None

    async def _send(self, questions: Sequence[Question]) -> list[Any]:
        packed = [piece for one in questions for piece in one.packed]
        return await self._trade(packed, sum(one.number for one in questions))

    async def _trade(self, packed: Sequence[bytes], number: int) -> list[Any]:
        """Send commands, and return that many replies."""
        if not self._connection.is_connected:
            # Sending would connect as well, but to the server of last time, past the Sentinels.
            await self._connection.connect()
        await self._connection.send_packed_command(packed, check_health=False)
        return await self._receive(number)

    async def _receive(self, number: int) -> list[Any]:
        """Return that many replies; the connection is not used again after an error that is not of one command."""
        replies: list[Any] = []
        while len(replies) < number:
            replies.append(await self._read())
            try:
                replies += self._take(number - len(replies))
            except redis.ConnectionError:
                await self._connection.disconnect(nowait=True)
                raise
        return replies

    async def _read(self) -> Any:
        """Return a reply; an error that answers only this command is returned like any other reply."""
        try:
            return await self._connection.read_response()
        except redis.ReadOnlyError:
            await self._connection.disconnect(nowait=True)
            raise redis.ConnectionError(REPLACED) from None
        except redis.ResponseError as error:
            return error

    def _take(self, most: int) -> Iterator[Any]:
        """Yield replies that have come already, up to one that is for the connection.

        The client's own way to each of them, which could wait, takes as long as signing a ballot does.
        """
        reader = self._connection._parser._reader
        for _ in range(most):
            reply = reader.gets()
            if reply is NOT_ENOUGH_DATA:
                return
            if isinstance(reply, _OF_CONNECTION):
                raise reply if isinstance(reply, redis.ConnectionError) else redis.ConnectionError(REPLACED)
            if isinstance(reply, hiredis.PushNotification):
                return
            yield reply
