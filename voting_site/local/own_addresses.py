"""The addresses at which other machines reach this one; only for `up`, since an image has no psutil."""

import ipaddress
import socket
from typing import NamedTuple

import psutil

from .routes import source_towards

# Addresses of no machine (RFC 5737, RFC 3849): they represent all other machines.
ANYWHERE = ("192.0.2.1", "2001:db8::1")
LOOPBACKS = ["127.0.0.1", "::1"]
# What containers and virtual machines call their networks inside this machine.
INNER = ("br-", "cni", "docker", "lxc", "lxd", "podman", "vboxnet", "veth", "virbr", "vmnet")


class OwnAddress(NamedTuple):
    """An address of this machine, and the name of the interface that has it."""

    address: str
    interface: str

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def own_addresses(listening: str) -> list[str]:
    """Return `listening`, or, if it means all addresses, all of this machine's, the most likely ones first.

    The last ones are loopback addresses, which other machines do not reach.
    """
    if not ipaddress.ip_address(listening).is_unspecified:
        return [listening]
    return [one.address for one in addresses_for_others() if ":" in listening or ":" not in one.address] + LOOPBACKS


def addresses_for_others() -> list[OwnAddress]:
    """Return the addresses at which other machines may reach this one, the most likely ones first."""
    links = psutil.net_if_stats()
    found = [
        OwnAddress(one.address, name)
        for name, addresses in psutil.net_if_addrs().items()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6) and name in links and links[name].isup
        if _is_for_others(one.address)
    ]
    ways_out = [way for probe in ANYWHERE if (way := source_towards(probe))]

    def rank(one: OwnAddress) -> tuple[bool, bool, bool]:
        # Behind a tunnel is no neighbour, even if it is the way out.
        is_apart = one.interface.startswith(INNER) or "pointopoint" in links[one.interface].flags
        return is_apart, one.address not in ways_out, ":" in one.address

    return sorted(found, key=rank)


def in_url(address: str) -> str:
    """Write an address as URLs have it."""
    return f"[{address}]" if ":" in address else address


def _is_for_others(address: str) -> bool:
    # A link-local address is of use only together with the name of the other machine's interface.
    known = ipaddress.ip_address(address)
    return not known.is_loopback and not known.is_link_local
