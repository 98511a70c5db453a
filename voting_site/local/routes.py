"""By which of its addresses this machine reaches another one."""

import socket
from contextlib import suppress


def source_towards(host: str) -> str | None:
    """Return this machine's address on the route to a host; None without a route, or for an unknown name.

    Nothing is sent to the host. A name is looked up, which takes as long as the name server does.
    """
    with suppress(OSError):
        family, kind, protocol, _, address = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # For UDP the kernel only looks up the route.
            probe.connect(address)
            return str(probe.getsockname()[0])
    return None
