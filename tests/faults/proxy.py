"""A TCP proxy between two services, which can do what networks do."""

import asyncio
import enum
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

CHUNK = 65536
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
        # The loop itself does not hold them.
        self._connections: set[asyncio.Task[None]] = set()

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

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to carry a connection."""
        task = self._loop.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until an end closes it or the weather cuts it."""
        await self._fair.wait()
        try:
            if isinstance(self._service, Path):
                up_reader, up_writer = await asyncio.open_unix_connection(str(self._service))
            else:
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._service)
        except OSError:
            writer.transport.abort()
            return

        def cut() -> None:
            writer.transport.abort()
            up_writer.transport.abort()

        await asyncio.gather(
            self._carry(reader, up_writer, Weather.CUT_AFTER_REQUEST, cut),
            self._carry(up_reader, writer, Weather.CUT_BEFORE_REPLY, cut),
        )
        writer.close()
        up_writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deadly: Weather, cut: Callable[[], None]
    ) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self._weather is Weather.FAIR:
                    writer.write(data)
                elif self._weather is Weather.SILENCE:
                    self.hits += 1
                    await self._fair.wait()
                    writer.write(data)
                elif self._weather is Weather.DELAY:
                    self.hits += 1
                    await asyncio.sleep(DELAY_S)
                    writer.write(data)
                elif self._weather is Weather.LOST_REPLIES:
                    self.hits += 1
                    if deadly is Weather.CUT_AFTER_REQUEST:
                        writer.write(data)
                elif self._weather is deadly:
                    self.hits += 1
                    if deadly is Weather.CUT_AFTER_REQUEST:
                        # The service gets all of it, and then finds nobody there to answer.
                        writer.write(data)
                        await writer.drain()
                    cut()
                    return
                else:
                    writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except (OSError, RuntimeError):
            with suppress(RuntimeError):
                cut()


async def _open(proxy: Proxy) -> Proxy:
    proxy._fair.set()
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0, backlog=512)
    proxy.port = server.sockets[0].getsockname()[1]
    return proxy
