"""The ports on which roles listen."""

import atexit
import errno
import itertools
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache

from .data_folder import Unusable

# Below the ranges that Linux and macOS use for outgoing connections.
FIRST_PORT, PORTS = 15_000, 15_000
# The ports that one process takes for itself.
BLOCK = 100


def refuse_equal(ports: Mapping[str, int]) -> None:
    """Raise Unusable, naming the remedy, if two of these options have the same port."""
    for (first, port), (second, other) in itertools.combinations(ports.items(), 2):
        if port == other:
            raise Unusable(f"{first} and {second} are both {port}: give each a port of its own")


def find_address(host: str, port: int, option: str = "--port") -> str:
    """Return the IP address of `host`; raise Unusable, naming the remedy, if this process cannot listen on it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            remedy = f"port {port} is in use on {host}: stop that program, or choose another port with {option}"
        elif error.errno == errno.EACCES:
            remedy = f"port {port} needs more rights than this user has: choose one above 1023 with {option}"
        else:
            remedy = f"cannot listen on {host}:{port} ({error.strerror}): choose another address with --host"
        raise Unusable(remedy) from error
    return str(address[0])


def free_port() -> int:
    """Return a free port on 127.0.0.1 that no other process is given before this one has ended.

    It is outside the range of outgoing connections: one of these could take it while a role, in a test or a
    measurement, is restarted on it.
    """
    for port in itertools.islice(_own_ports(), BLOCK - 1):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise Unusable(f"{BLOCK - 1} ports are in use, which are all that one process is given: stop some of its programs")


@cache
def _own_ports() -> Iterator[int]:
    """Take a block of ports for this process, and return them in turn, for ever.

    The process that listens on the first port of a block is given the others.
    """
    while True:
        first = FIRST_PORT + BLOCK * secrets.randbelow(PORTS // BLOCK)
        guard = socket.socket()
        with suppress(OSError):
            guard.bind(("127.0.0.1", first))
            guard.listen()
            atexit.register(guard.close)
            return itertools.cycle(range(first + 1, first + BLOCK))
        guard.close()
