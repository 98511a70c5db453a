"""Results sockets as bare connections, for clients that do what no browser does."""

import socket
import struct
import zlib
from collections.abc import Iterator
from typing import Protocol

# Seconds within which a socket is open, and a frame comes.
PROMPT = 5
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
# The bit of a frame's first byte that says that it is compressed, and the end that it leaves out (RFC 7692).
COMPRESSED, FLUSHED = 0x40, b"\x00\x00\xff\xff"
# What every browser offers.
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
# What some libraries offer that keep nothing of what they were sent.
FORGETFUL_OFFER = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"
# `tcpi_state` of Linux's `struct tcp_info`.
ESTABLISHED = 1


class Connection(Protocol):
    """What is needed of a socket here."""

    def recv(self, size: int, /) -> bytes: ...

    def sendall(self, data: bytes, /) -> object: ...


def frame(first: int, payload: bytes = b"") -> bytes:
    """Return a frame of a client (RFC 6455); its first byte holds FIN, the reserved bits and the opcode."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    # A mask of zeros leaves the payload as it is.
    return bytes([first]) + length + bytes(4) + payload


def open_socket(
    port: int, path: str, *, buffer: int | None = None, compressed: bool = False, forgetful: bool = False
) -> socket.socket:
    """Open a socket whose client's kernel keeps `buffer` bytes, or as many as it likes; nothing of it is read yet."""
    connection = connect(port, buffer=buffer)
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"{(FORGETFUL_OFFER if forgetful else OFFER) * compressed}\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        assert part, f"no socket: {head!r}"
        head += part
    assert head.startswith(b"HTTP/1.1 101"), head
    assert (b"permessage-deflate" in head) is compressed, head
    return connection


def connect(port: int, data: bytes = b"", *, buffer: int | None = None) -> socket.socket:
    """Connect to a role, and send `data`."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(PROMPT)
    connection.connect(("127.0.0.1", port))
    connection.sendall(data)
    return connection


def read_frames(connection: Connection, *, forgetful: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield the opcode and the payload of each frame, up to one that closes; answer pings as a browser does.

    Of a compressed socket all frames have to be read by one call, which keeps what later ones refer to, unless it is
    `forgetful`.
    """
    window = zlib.decompressobj(wbits=-15)
    while head := _read(connection, 2):
        size = head[1] & 0x7F
        if size == 126:
            [size] = struct.unpack("!H", _read(connection, 2))
        elif size == 127:
            [size] = struct.unpack("!Q", _read(connection, 8))
        payload = _read(connection, size)
        if head[0] & COMPRESSED:
            window = zlib.decompressobj(wbits=-15) if forgetful else window
            payload = window.decompress(payload + FLUSHED)
        if head[0] & 0x0F == PING:
            connection.sendall(frame(0x80 | PONG, payload))
        yield head[0] & 0x0F, payload
        if head[0] & 0x0F == CLOSE:
            return


def _read(connection: Connection, size: int) -> bytes:
    """Return so many bytes, or none at the end."""
    found = bytearray()
    while len(found) < size:
        try:
            part = connection.recv(size - len(found))
        except ConnectionError:
            part = b""
        if not part:
            return b""
        found += part
    return bytes(found)


def is_open(connection: socket.socket) -> bool:
    """Tell whether neither side has ended a connection, of which nothing needs to be read for that."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
