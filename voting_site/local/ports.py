"""The addresses that roles listen on."""

import errno
import ipaddress
import itertools
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress

import psutil

from .data_folder import Unusable

# Below Linux's and macOS's ranges for outgoing connections.
FIRST_PORT, PORTS = 15_000, 15_000
# Of no machine (RFC 5737, RFC 3849): they stand for all others.
ANYWHERE = ("192.0.2.1", "2001:db8::1")
LOOPBACKS = ["127.0.0.1", "::1"]


def refuse_equal(ports: Mapping[str, int]) -> None:
    """Raise Unusable, naming the remedy, where two of these options have the same port."""
    for (first, port), (second, other) in itertools.combinations(ports.items(), 2):
        if port == other:
            raise Unusable(f"{first} and {second} are both {port}: give each a port of its own")


def find_address(host: str, port: int, option: str = "--port") -> str:
    """Return the IP address of `host`; raise Unusable, naming the remedy, where nobody can listen on it."""
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


def own_addresses(listening: str) -> list[str]:
    """Return where others may reach what listens on `listening`: that, or all of this machine's, the likeliest first.

    The last one is this machine's own, which others do not reach.
    """
    if not ipaddress.ip_address(listening).is_unspecified:
        return [listening]
    families = {socket.AF_INET, socket.AF_INET6} if ":" in listening else {socket.AF_INET}
    links = psutil.net_if_stats()
    every = [
        one.address
        for name, addresses in psutil.net_if_addrs().items()
        for one in addresses
        if one.family in families and name in links and links[name].isup
    ]
    found = [one for one in every if _is_for_others(one)]
    ways_out = [way for probe in ANYWHERE if (way := _source_towards(probe))]
    return sorted(found, key=lambda one: (one not in ways_out, ":" in one)) + LOOPBACKS


def _is_for_others(address: str) -> bool:
    # One of a link alone is of use only together with the name of the other machine's interface.
    known = ipaddress.ip_address(address)
    return not known.is_loopback and not known.is_link_local


def _source_towards(address: str) -> str | None:
    """Return this machine's address on the way to another one; None where there is no way. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # For UDP the kernel just looks the way up.
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
    return None


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody has, and that the kernel gives to no outgoing connection.

    One of those might be taken while a role that is to have it, in a test or a measurement, is being started again.
    """
    while True:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
