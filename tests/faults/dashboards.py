"""Many dashboards at once, as pages follow them: over a socket that is opened again when it breaks.

Half of them ask for changes by the sub-protocol, as pages do, and put them into what they have; the others are sent
whole snapshots. All are judged by what they show.
"""

import asyncio
import base64
import json
import random
import secrets
import struct
from contextlib import suppress
from typing import Any

from tests.changes_client import ASKS, ChangesClient
from tests.faults.judge import check_snapshot
from tests.faults.ledger import Ledger
from tests.faults.proxy import Network

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
# A page gets a heartbeat every 2 s. After this many seconds of silence it takes the connection for dead.
DEAD_AFTER = 6
AGAIN = (0.2, 1.5)


class Dashboard:
    """One page that follows an election; a deaf one opens its socket and reads nothing.

    With `changes` it asks for these.
    """

    def __init__(self, port: int, slug: str, ledger: Ledger, *, deaf: bool, changes: bool) -> None:
        self.port, self.slug, self.ledger, self.deaf, self.changes = port, slug, ledger, deaf, changes
        self.shown: dict[str, Any] = {"version": -1, "as_of": ""}
        self.connections = 0
        # What this socket has brought; changes that were taken, and those of a snapshot that this page does not have.
        self.heard = ChangesClient()
        self.taken = self.missed = 0

    async def follow(self) -> None:
        """Follow until cancelled."""
        while True:
            writer = None
            try:
                reader, writer = await asyncio.wait_for(self._open(), DEAD_AFTER)
                self.connections += 1
                self.heard = ChangesClient()
                if self.deaf:
                    await asyncio.Event().wait()
                while True:
                    await self._take(reader, writer)
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                await asyncio.sleep(random.uniform(*AGAIN))
            finally:
                if writer:
                    writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        writer.write(
            f"GET /ws/{self.slug}/ HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"{ASKS if self.changes else ''}\r\n".encode()
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            writer.transport.abort()
            raise EOFError("no socket")
        return reader, writer

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one frame (RFC 6455), and do as the page does."""
        head = await asyncio.wait_for(reader.readexactly(2), DEAD_AFTER)
        size = head[1] & 0x7F
        if size == 126:
            [size] = struct.unpack(">H", await reader.readexactly(2))
        elif size == 127:
            [size] = struct.unpack(">Q", await reader.readexactly(8))
        data = await reader.readexactly(size)
        kind = head[0] & 0x0F
        if kind == PING:
            # What a client sends is masked; with zeros it stays as it is.
            writer.write(bytes([0x80 | PONG, 0x80 | len(data), 0, 0, 0, 0]) + data)
        elif kind == CLOSE:
            raise EOFError("closed")
        elif kind == TEXT:
            await self._hear(data)

    async def _hear(self, data: bytes) -> None:
        """Take a heartbeat or a snapshot, or put a change into the snapshot before it."""
        message, changes = json.loads(data), self.heard.changes
        if message.get("type") == "heartbeat":
            self._draw(message)
        elif self.heard.hear(data):
            self.taken += self.heard.changes - changes
            # What is drawn belongs to the page, which may note in it that it was read again.
            self._draw(dict(self.heard.shown))
        else:
            # One was lost on its way: the next whole snapshot comes by the socket, and this one at once.
            self.missed += 1
            had, self.heard.shown = self.heard.shown, None
            if had:
                self._draw(await asyncio.wait_for(self._ask(), DEAD_AFTER))

    async def _ask(self) -> dict[str, Any]:
        """Request the snapshot once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET /{self.slug}/results.json HTTP/1.0\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.transport.abort()
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise EOFError("no snapshot")
        snapshot: dict[str, Any] = json.loads(body)
        return snapshot

    def _draw(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "heartbeat":
            return
        check_snapshot(frame, self.ledger)
        # A page ignores a frame that is older than the one it shows. On one connection no older frame may come at all.
        if frame["version"] < self.shown["version"] and frame["as_of"] > self.shown["as_of"]:
            said = f"a socket went from version {self.shown['version']} back to {frame['version']}"
            self.ledger.complain(self.ledger.wrong, said)
        if frame["version"] >= self.shown["version"] and frame["as_of"] > self.shown["as_of"]:
            self.shown = frame


class Dashboards:
    """So many dashboards on an event loop of their own; one in ten is deaf, and half of them ask for changes."""

    def __init__(self, number: int, port: int, slug: str, ledger: Ledger) -> None:
        self._network = Network()
        self.all = [
            Dashboard(port, slug, ledger, deaf=index % 10 == 9, changes=index // 2 % 2 == 0) for index in range(number)
        ]
        self.healthy = [one for one in self.all if not one.deaf]
        self._tasks = self._network.run(self._start())

    async def _start(self) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(one.follow()) for one in self.all]

    def are_connected(self) -> bool:
        """Tell whether every page has had a socket, and every healthy one a frame."""
        return all(one.connections for one in self.all) and all(one.shown["version"] >= 0 for one in self.healthy)

    def show(self, version: int) -> bool:
        """Tell whether all healthy ones show this version."""
        return all(one.shown["version"] == version for one in self.healthy)

    @property
    def has_changes(self) -> bool:
        """Tell whether any page was sent changes, and could use them."""
        return any(one.taken for one in self.all)

    def __str__(self) -> str:
        taken, missed = (sum(getattr(one, name) for one in self.all) for name in ("taken", "missed"))
        return f"{taken} changes taken, {missed} of a snapshot that was missed"

    def close(self) -> None:
        self._network.run(self._stop())
        self._network.close()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
