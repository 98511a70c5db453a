"""Results sockets for measuring, with as little work as possible on the client's side."""

import base64
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence

from results.changes import PROTOCOL

from .crowd import address
from .stand import Broken

# First byte of a frame: final, opcode 9.
PING = 0x89
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nX-Forwarded-For: {address}\r\n{offer}\r\n"
)
# The bit of it that says that a frame is compressed.
COMPRESSED = 0x40
# The second byte of a frame up to which it is the length; a heartbeat is that short, and never compressed.
SHORT = 125
# What every browser offers, and what our pages ask for.
COMPRESSION = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
CHANGES = f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n"


def open_socket(port: int, path: str, number: int = 0, *, offer: str = "") -> socket.socket:
    """Open a WebSocket; raises Broken if it is refused."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    asked = HANDSHAKE.format(path=path, port=port, key=key, address=address(number), offer=offer)
    connection.sendall(asked.encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        # Not one byte of the first frame.
        part = connection.recv(1)
        if not part:
            raise Broken(f"the socket {path} was refused: {answer[:100]!r}")
        answer += part
    if not answer.startswith(b"HTTP/1.1 101"):
        raise Broken(f"the socket {path} was refused: {answer[:100]!r}")
    return connection


def read_frame(connection: socket.socket) -> bytes:
    """Return the payload of the server's next text frame; it is not masked, and here not fragmented."""
    while True:
        first, length = _read(connection, 2)
        if length == 126:
            (length,) = struct.unpack("!H", _read(connection, 2))
        elif length == 127:
            (length,) = struct.unpack("!Q", _read(connection, 8))
        payload = _read(connection, length)
        if first == PING:
            connection.sendall(pong(payload))
        else:
            return payload


def pong(payload: bytes) -> bytes:
    """Return the answer to a ping; a mask of zeros leaves the payload as it is."""
    return bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def _read(connection: socket.socket, number: int) -> bytes:
    found = b""
    while len(found) < number:
        part = connection.recv(number - len(found))
        if not part:
            raise Broken("the server closed a socket")
        found += part
    return found


class Audience:
    """Many open sockets of our pages in browsers, in one process, which notes when each gets a message."""

    def __init__(self, port: int, path: str, number: int, *, offer: str = COMPRESSION + CHANGES) -> None:
        self.selector = selectors.DefaultSelector()
        self.sockets: list[socket.socket] = []
        for index in range(number):
            one = open_socket(port, path, index, offer=offer)
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
            self.sockets.append(one)
            if index % 100 == 0:
                # Opening thousands takes a while, and the server ends a socket that does not answer its pings.
                self.quieten(0)

    def close(self) -> None:
        self.selector.close()
        for one in self.sockets:
            one.close()

    def quieten(self, seconds: float = 1.0) -> None:
        """Read until nothing has come for `seconds`."""
        while ready := self.selector.select(timeout=seconds):
            for key, _ in ready:
                self._receive(key)

    def hear(self, timeout: float = 60) -> Sequence[float]:
        """Return when each socket had its first frame with results; times of `time.perf_counter`."""
        heard: dict[int, float] = {}
        end = time.perf_counter() + timeout
        while len(heard) < len(self.sockets):
            if time.perf_counter() > end:
                raise Broken(f"{len(self.sockets) - len(heard)} of {len(self.sockets)} sockets heard nothing")
            for key, _ in self.selector.select(timeout=1):
                if self._receive(key):
                    heard.setdefault(key.fd, time.perf_counter())
        return list(heard.values())

    @staticmethod
    def _receive(key: selectors.SelectorKey) -> bool:
        """Read what has come; tell whether results are among it."""
        connection: socket.socket = key.fileobj  # type: ignore[assignment]
        data = connection.recv(65536)
        if not data:
            raise Broken("the server closed a socket")
        for ping in pings(data):
            connection.send(pong(ping))
        return has_results(data)


def pings(data: bytes) -> Iterator[bytes]:
    """Yield the payloads of the pings among the frames that begin in `data`; the server ends who does not answer."""
    while len(data) > 1:
        head = {126: 4, 127: 10}.get(data[1], 2)
        end = head + (int.from_bytes(data[2:head]) if head > 2 else data[1])
        if data[0] == PING:
            yield data[head:end]
        data = data[end:]


def has_results(data: bytes) -> bool:
    """Tell whether there are results among the frames that begin in `data`, and not heartbeats and pings alone."""
    while len(data) > 1:
        if data[0] & COMPRESSED or data[1] > SHORT:
            return True
        data = data[2 + data[1] :]
    return False
