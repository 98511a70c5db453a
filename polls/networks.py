"""Where a visitor comes from: what counts as one place when something is limited by place."""

import base64
import ipaddress
from functools import lru_cache

from django.conf import settings

from .definition import Definition

IPV6_PREFIX = 64


def network_of(address: str) -> str:
    """Return the place of an address: an IPv4 address itself, of IPv6 the first 64 bits; "" where it tells nothing.

    One household or phone has 2^64 addresses of IPv6, and could be somebody new with each request.
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
    """Derive a name of a place for Redis: HMAC-SHA256 under the election's own secret, cut to 96 bits, URL-safe.

    An address is personal data, and there are so few that a plain hash of one is soon guessed.
    """
    return base64.urlsafe_b64encode(definition.derive(f"network {network}")[:12]).decode("ascii")
