"""Clients that do not read what they ask for, and results that change all the time, so that there is much to read."""

import asyncio
import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, repeat
from typing import Any

from tests.fuzz.frames import BINARY, CLOSE, FINAL, PING, PONG, TEXT, masked
from tests.voting_site.sockets import is_open

# What a socket sends first, and then again and again.
WORDS = {
    "nothing": (b"", b""),
    "empty fragments": (masked(TEXT), masked(0)),
    "fragments": (masked(BINARY, b"a"), masked(0, b"a")),
    "pings": (b"", masked(FINAL | PING, b"p" * 125)),
    "pongs": (b"", masked(FINAL | PONG, b"p" * 125)),
    "half a text": (masked(FINAL | TEXT, b"a" * 100)[:5], b""),
    "half a ping, for ever": (masked(FINAL | PING, b"p" * 125)[:6], b"p"),
    "a goodbye": (masked(FINAL | CLOSE), b""),
}
# Seconds between two words, and before what was ended is opened again.
PAUSE = 5
# Limits by address then concern only these clients.
ADDRESS = "127.8.0.2"
# Options whose keys and labels make a frame of some 10 kB, and seconds between two frames.
CHOICES = tuple(f"option-{number}-{'x' * 28}" for number in range(100))
BEAT = 0.1


async def ignore(port: int, path: str, word: str) -> None:
    """Open a socket, read nothing, not even the answer to the opening, and send what WORDS says; again when it ends."""
    key = base64.b64encode(b"0123456789abcdef").decode()
    opening = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    while True:
        await _occupy(port, opening.encode(), *WORDS[word])


async def dawdle(port: int, path: str) -> None:
    """Ask for far more pages than are taken, and read a byte now and then; again when that ends."""
    while True:
        await _occupy(port, f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode() * 500, reads=1)


async def _occupy(port: int, opening: bytes, first: bytes = b"", again: bytes = b"", *, reads: int = 0) -> None:
    """Keep one connection for as long as it is left open."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection, suppress(OSError):
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((ADDRESS, 0))
        await loop.sock_connect(connection, ("127.0.0.1", port))
        # As much of it as is taken at once.
        connection.send(opening)
        for word in chain([first], repeat(again)):
            await asyncio.sleep(PAUSE)
            if not is_open(connection):
                return
            connection.send(word)
            if reads:
                await loop.sock_recv(connection, reads)
    await asyncio.sleep(PAUSE)


class Noise:
    """Changes what an election shows, several times a second, until told to stop."""

    def __init__(self, election: Any) -> None:
        self._election = election
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, "noise")
        self._changing = self._pool.submit(self._go_on)

    def stop(self) -> None:
        """Stop; raises whatever has stopped it before."""
        self._stop.set()
        self._changing.result(60)
        self._pool.shutdown()

    def _go_on(self) -> None:
        from django.db import connection

        from polls.publishing import publish_election
        from tally.announce import announce

        try:
            while not self._stop.wait(BEAT):
                publish_election(self._election)
                announce(self._election.pk)
        finally:
            connection.close()
