"""Witnesses that tests run: real ones on loopback, and servers that answer otherwise."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from record.formats.keys import VerifierKey
from record.formats.note import NoteVerifier
from record.witness_memory import own
from record.witness_server import Witness, make_server

NAME = "witness.example/w1"


class Running:
    """A witness in a thread of this process; `stop` and `start` as a restart of its server does."""

    def __init__(self, folder: Path, logs: list[str], name: str = NAME, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.logs, self.name, self.clock = folder, logs, name, clock
        self._stack = ExitStack()
        self.port = 0
        self.key = ""
        folder.mkdir(exist_ok=True)
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        seed = self.name.encode().ljust(32, b"x")[:32]
        owned = own(self.folder / "key", self.folder / "state", name=self.name, seed=seed)
        cosigner, memory = self._stack.enter_context(owned)
        logs = [NoteVerifier(VerifierKey.parse(key)) for key in self.logs]
        server = make_server(Witness(cosigner, memory, logs, lambda: self.clock()), "127.0.0.1", self.port)
        self._stack.enter_context(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._stack.callback(server.shutdown)
        self.port = server.server_address[1]
        self.key = str(cosigner.key.verifier_key)

    def stop(self) -> None:
        self._stack.close()


@contextmanager
def answering(*pieces: bytes, pause: float = 0, forever: bool = False, at_once: bool = False) -> Iterator[str]:
    """Answer each connection with these pieces, the last one perhaps for ever; yield the address."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                if not at_once:
                    read_request(connection)
                rest = list(pieces)
                while rest and not over.is_set():
                    connection.sendall(rest[0])
                    if len(rest) > 1 or not forever:
                        rest.pop(0)
                    over.wait(pause)

        def serve() -> None:
            with suppress(OSError):
                while not over.is_set():
                    threading.Thread(target=answer, args=[listener.accept()[0]], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)


def read_request(connection: socket.socket) -> bytes:
    """Read a request with its body, so that closing the connection does not reset it."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < length:
        body += connection.recv(65536)
    return body


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
