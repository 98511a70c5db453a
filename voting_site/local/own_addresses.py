"""The addresses at which other machines reach this one; only for `up`, since an image has no psutil."""

import ipaddress
import socket
from contextlib import suppress

import psutil

# Addresses of no machine (RFC 5737, RFC 3849): they represent all other machines.
ANYWHERE = ("192.0.2.1", "2001:db8::1")
LOOPBACKS = ["127.0.0.1", "::1"]


def own_addresses(listening: str) -> list[str]:
    """Return `listening`, or, if it means all addresses, all of this machine's, the most likely ones first.

    The last ones are loopback addresses, which other machines do not reach.
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
    # A link-local address is of use only together with the name of the other machine's interface.
    known = ipaddress.ip_address(address)
    return not known.is_loopback and not known.is_link_local


def _source_towards(address: str) -> str | None:
    """Return this machine's address on the route to another one; None without a route. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # For UDP the kernel only looks up the route.
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
    return None
