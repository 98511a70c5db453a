"""How many page requests are worked on at once, and how many wait; further ones are refused with 503.

Under ASGI Django gives each request a thread and a connection to PostgreSQL. Without a limit an overload would use up
all threads and all connections.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

RETRY_AFTER_S = 2
# How many requests may wait for each that is worked on: at a few milliseconds each, the last waits less than a second.
QUEUE = 12
BUSY = (
    f"Too many at once. Try again in {RETRY_AFTER_S} seconds.\n"
    f"Demasiadas visitas a la vez. Prueba otra vez en {RETRY_AFTER_S} segundos.\n"
).encode()
BUSY_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"retry-after", str(RETRY_AFTER_S).encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Gate:
    """Room for `at_once` requests, and a queue before it."""

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._most = at_once * (1 + QUEUE)
        self._inside = 0

    @property
    def is_full(self) -> bool:
        return self._inside >= self._most

    async def __aenter__(self) -> None:
        self._inside += 1
        try:
            await self._room.acquire()
        except BaseException:
            self._inside -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        self._room.release()


class AsgiGate:
    """Let page requests through while there is room. Sockets hold no thread, and have limits of their own."""

    def __init__(self, application: Callable[..., Awaitable[None]], at_once: int) -> None:
        self._application = application
        self._pages = Gate(at_once)
        # A process must not be taken for dead, and restarted, because it is busy.
        self._health = Gate(1)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        gate = self._health if scope["path"] == "/healthz" else self._pages
        if gate.is_full:
            return await refuse(send)
        async with gate:
            await self._application(scope, receive, send)


async def refuse(send: Any) -> None:
    """Answer 503, with nothing that would take a thread."""
    await send({"type": "http.response.start", "status": 503, "headers": BUSY_HEADERS})
    await send({"type": "http.response.body", "body": BUSY})
