"""The network that a visitor comes from, by which some things are limited."""

import ipaddress
from functools import lru_cache

from django.conf import settings

from .definition import Definition
from .signing import url_safe

IPV6_PREFIX = 64


def network_of(address: str) -> str:
    """Return the network of an address: an IPv4 address itself, or the first 64 bits of IPv6; "" if it is not known.

    One household or phone has 2^64 IPv6 addresses, and could send each request from another one.
    """
    return "" if settings.CLIENT_ADDRESS == "shared" else _network_of(address)


@lru_cache(maxsize=4096)
def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found.packed, IPV6_PREFIX), strict=False))


def pseudonym(definition: Definition, network: str) -> str:
    """Derive a network's name for Redis: HMAC-SHA256 under the election's own secret, cut to 96 bits, URL-safe.

    An address is personal data, and there are so few that a plain hash of one is soon guessed.
    """
    return url_safe(definition.derive_remembered(f"network {network}")[:12])
