"""Send a request to a witness by HTTP, within bounds that hold whatever the other side does.

Neither redirections nor the proxies of the environment are followed: the operator names whom the worker asks. This is
`http.client` and not `requests`, whose time-outs are for each read alone: who sends a byte now and then would keep it
for ever. Here the connection itself is ended when the time is over.
"""

import socket
import ssl
import threading
import time
from contextlib import ExitStack, suppress
from functools import cache
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

# Seconds from the first byte to the last; looking up the name of the host is not in it.
PATIENCE_S = 5.0
LONGEST_ANSWER = 64_000
PORTS = {"http": 80, "https": 443}


class NoAnswer(Exception):
    """There is no answer that could be read; the message says why."""


class Answer(NamedTuple):
    """What came back, read to its end: `kind` is its media type, `location` where a redirection leads."""

    status: int
    kind: str
    location: str
    body: bytes


def parse_address(address: str) -> SplitResult:
    """Return the parts of the address of a witness; raises ValueError, whose message is for its operator."""
    parts = urlsplit(address)
    try:
        port_is_good = parts.port != 0
    except ValueError:
        port_is_good = False
    if parts.scheme not in PORTS or not parts.hostname or not port_is_good:
        raise ValueError("an address begins with http:// or https:// and the name of a host")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("an address has neither spaces nor characters beyond ASCII")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("an address has no user, no ? and no #")
    return parts


def post(address: str, body: bytes, *, patience: float = PATIENCE_S) -> Answer:
    """Send `body` to `add-checkpoint` below the address of a witness; raises NoAnswer."""
    end = time.monotonic() + patience
    over = threading.Event()
    try:
        with ExitStack() as stack:
            return _exchange(parse_address(address), body, end, over, stack)
    except (OSError, HTTPException, ValueError) as error:
        # A connection that was ended looks like one that the other side has ended.
        if over.is_set() or isinstance(error, TimeoutError) or time.monotonic() >= end:
            raise NoAnswer(f"it has not answered within {patience:g} s") from error
        if isinstance(error, HTTPException):
            raise NoAnswer(f"what it answers is no HTTP, or is cut ({type(error).__name__})") from error
        raise NoAnswer(f"it cannot be reached: {getattr(error, 'strerror', None) or error}") from error


def _exchange(parts: SplitResult, body: bytes, end: float, over: threading.Event, stack: ExitStack) -> Answer:
    assert parts.hostname
    port = parts.port or PORTS[parts.scheme]
    plain = stack.enter_context(socket.create_connection((parts.hostname, port), timeout=_left(end)))
    # A second handle, since TLS takes the first one over.
    handle = stack.enter_context(plain.dup())
    watch = threading.Timer(_left(end), _end, [handle, over])
    watch.daemon = True
    watch.start()
    stack.callback(watch.cancel)
    connection = HTTPConnection(parts.hostname, port)
    stack.callback(connection.close)
    if parts.scheme == "https":
        connection.sock = stack.enter_context(_trust().wrap_socket(plain, server_hostname=parts.hostname))
    else:
        connection.sock = plain
    path = f"{parts.path.rstrip('/')}/add-checkpoint"
    connection.request("POST", path, body, {"Host": parts.netloc, "Content-Type": "text/plain; charset=utf-8"})
    response = stack.enter_context(connection.getresponse())
    read = response.read(LONGEST_ANSWER + 1)
    if len(read) > LONGEST_ANSWER:
        raise NoAnswer(f"its answer has more than {LONGEST_ANSWER // 1000} kB")
    if over.is_set():
        raise TimeoutError
    if response.length:
        raise HTTPException("the answer is cut")
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(response.status, kind, response.getheader("Location", ""), read)


@cache
def _trust() -> ssl.SSLContext:
    """Trust whom the system trusts; reading that takes some 20 ms."""
    return ssl.create_default_context()


def _left(end: float) -> float:
    return max(end - time.monotonic(), 0.001)


def _end(handle: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
