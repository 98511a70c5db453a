"""A TCP proxy between two services, which can do what networks do."""

import asyncio
import enum
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

DELAY_S = 0.2


class Weather(enum.Enum):
    """What happens on the way."""

    FAIR = "fair"
    CUT_AFTER_REQUEST = "cut after the request"
    CUT_BEFORE_REPLY = "cut before the reply"
    DELAY = "delay"
    SILENCE = "silence"
    LOST_REPLIES = "lost replies"


class Network:
    """All proxies of an installation, on one event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def between(self, name: str, service: Path | int) -> "Proxy":
        """Return a proxy to a Unix socket, or to a port of this machine."""
        return self.run(_open(Proxy(name, service, self.loop)))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the loop, and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()


class Proxy:
    """Passes bytes on, between `port` on the loopback and a service."""

    def __init__(self, name: str, service: Path | int, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.port = 0
        self.hits = 0
        self._service = service
        self._loop = loop
        self._weather = Weather.FAIR
        self._fair = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def set_weather(self, weather: Weather) -> None:
        """Let it be so from now on; `hits` counts what it happened to."""
        done = threading.Event()

        def change() -> None:
            self._weather, self.hits = weather, 0
            self._fair.clear() if weather is Weather.SILENCE else self._fair.set()
            done.set()

        self._loop.call_soon_threadsafe(change)
        done.wait()

    def hold(self, weather: Weather, *, seconds: float, hits: int = 1_000_000) -> int:
        """Keep the weather until so much has happened or the time is over; return how often it struck."""
        self.set_weather(weather)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.hits < hits:
            time.sleep(0.01)
        struck = self.hits
        self.set_weather(Weather.FAIR)
        return struck

    def is_fair(self) -> bool:
        return self._weather is Weather.FAIR

    def take(self) -> "End":
        """Return what carries the next connection, at the visitor's side."""
        visitor, service = End(self, Weather.CUT_AFTER_REQUEST), End(self, Weather.CUT_BEFORE_REPLY)
        visitor.other, service.other = service, visitor
        visitor.opens = True
        return visitor

    def begin(self, task: Coroutine[Any, Any, None]) -> None:
        """Do something on the loop, which itself holds no task."""
        begun = self._loop.create_task(task)
        self._tasks.add(begun)
        begun.add_done_callback(self._tasks.discard)

    async def connect(self, visitor: "End") -> None:
        """Connect the other end to the service, from the visitor's own address, as if nothing were in between."""
        await self._fair.wait()
        try:
            if isinstance(self._service, Path):
                await self._loop.create_unix_connection(lambda: visitor.other, str(self._service))
            else:
                address = visitor.transport.get_extra_info("peername")[0]
                await self._loop.create_connection(
                    lambda: visitor.other, "127.0.0.1", self._service, local_addr=(address, 0)
                )
        except OSError:
            visitor.transport.abort()
        else:
            if visitor.transport.is_closing():
                visitor.other.transport.abort()
            visitor.transport.resume_reading()

    async def suffer(self, data: bytes, end: "End") -> None:
        """Let data that came in at an end go through the weather."""
        write, weather = end.other.transport.write, self._weather
        if weather is Weather.SILENCE:
            self.hits += 1
            await self._fair.wait()
            write(data)
        elif weather is Weather.DELAY:
            self.hits += 1
            await asyncio.sleep(DELAY_S)
            write(data)
        elif weather is Weather.LOST_REPLIES:
            self.hits += 1
            if end.deadly is Weather.CUT_AFTER_REQUEST:
                write(data)
        elif weather is end.deadly:
            self.hits += 1
            if weather is Weather.CUT_AFTER_REQUEST:
                # The service gets all of it, and then finds nobody there to answer.
                write(data)
                end.transport.abort()
                end.other.transport.close()
            else:
                end.transport.abort()
                end.other.transport.abort()
        else:
            write(data)


class End(asyncio.Protocol):
    """One end of a connection that is carried: what comes in here goes out at the other.

    Nearly all that passes does so in fair weather, at once. `deadly` is the weather that cuts what comes in here.
    """

    transport: asyncio.Transport
    other: "End"
    opens = False

    def __init__(self, proxy: Proxy, deadly: Weather) -> None:
        self.proxy = proxy
        self.deadly = deadly
        self._ended = False
        self._held: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.opens:
            self.transport.pause_reading()
            self.proxy.begin(self.proxy.connect(self))

    def data_received(self, data: bytes) -> None:
        if self.proxy.is_fair() and not self._held:
            self.other.transport.write(data)
        else:
            self._hold(lambda: self.proxy.suffer(data, self))

    def eof_received(self) -> bool:
        self._after_what_is_held(self._pass_end_on)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        # An end that never came to its service has nothing behind it.
        if hasattr(self.other, "transport"):
            self._after_what_is_held(self.other.transport.abort if error else self.other.transport.close)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def _pass_end_on(self) -> None:
        self._ended = True
        if self.other._ended:
            self.transport.close()
            self.other.transport.close()
        elif self.other.transport.can_write_eof() and not self.other.transport.is_closing():
            self.other.transport.write_eof()

    def _after_what_is_held(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        if self._held:
            self._held.append(act)
        else:
            action()

    def _hold(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._held.append(step)
        if len(self._held) == 1:
            self.transport.pause_reading()
            self.proxy.begin(self._let_go())

    async def _let_go(self) -> None:
        while self._held:
            await self._held[0]()
            self._held.popleft()
        self.transport.resume_reading()


async def _open(proxy: Proxy) -> Proxy:
    proxy._fair.set()
    server = await proxy._loop.create_server(proxy.take, "127.0.0.1", 0, backlog=512)
    proxy.port = server.sockets[0].getsockname()[1]
    return proxy
