"""The address of a visitor: the connection's own, or the one that a trusted proxy names in `X-Forwarded-For`.

If the connection does not come from a trusted proxy, a proxy's headers are removed before Django sees them. Why no
library: python-ipware compares addresses as text, trusts headers that every client can send, and removes none;
uvicorn's middleware is only for ASGI; Werkzeug's counts hops. `ipaddress` does the hard part.
"""

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any

from .proxy_names import Address, HostNames

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
# Characters of the longest address: IPv6 with an IPv4 tail, a zone and a port.
_LONGEST = 80
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")

# How many visitors' addresses are remembered, and the most characters of the header that names one.
REMEMBERED = 4096
LONGEST_HEADER = 200


def read_address(text: str) -> Address | None:
    """Read an address, with or without a port; an IPv4 address written as IPv6 is IPv4. None for any other text."""
    text = text.strip()
    return _read_address(text) if len(text) <= _LONGEST else None


# Visitors can write this text, so that both the number and the length of the remembered texts have a limit.
@lru_cache(maxsize=4096)
def _read_address(text: str) -> Address | None:
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Proxies:
    """The trusted proxies: networks in CIDR, and host names, because a container has no fixed address."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Raise ValueError for an entry that is neither a network nor a name."""
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        names: list[str] = []
        for entry in entries:
            if _NAME.fullmatch(entry):
                try:
                    entry.encode("idna")
                except UnicodeError as error:
                    raise ValueError(f"{entry!r} is no host name: a part is empty or too long") from error
                names.append(entry)
            else:
                self._networks.append(ipaddress.ip_network(entry))
        self._names = HostNames(names, read_address)
        # What `find_client` has found, as long as the names lead to the same addresses.
        self._found: dict[tuple[str, str], tuple[str, bool]] = {}
        self._found_with = self._names.addresses

    def is_stale(self, peer: str) -> bool:
        """Tell whether `refresh` should be called before this connection is judged; never wait."""
        return bool(self._names) and self._names.is_stale(self._trusts(peer))

    def refresh(self, peer: str) -> None:
        """Look the names up, if that is due for this connection; it takes a second at most."""
        if self.is_stale(peer):
            self._names.refresh()

    def find_client(self, peer: str, forwarded_for: str) -> tuple[str, bool]:
        """Return the visitor's address, and whether the connection came from a trusted proxy; never wait.

        It is the rightmost address of the header that is not a proxy's own: the visitor may have written all that is to
        the left of it. If the header cannot be read, only the connection's own address is known.
        """
        addresses = self._names.addresses
        if addresses is not self._found_with:
            self._found, self._found_with = {}, addresses
        # The same one from here on: the names may lead to others meanwhile.
        remembered = self._found
        found = remembered.get((peer, forwarded_for))
        if found is None:
            found = self._judge(peer, forwarded_for)
            if len(forwarded_for) <= LONGEST_HEADER:
                if len(remembered) >= REMEMBERED:
                    remembered.clear()
                remembered[peer, forwarded_for] = found
        return found

    def _judge(self, peer: str, forwarded_for: str) -> tuple[str, bool]:
        connection = read_address(peer)
        if connection is None:
            return peer, False
        if not self._knows(connection):
            return str(connection), False
        client = connection
        for text in reversed(forwarded_for.split(",")):
            hop = read_address(text)
            if hop is None:
                return str(connection), True
            client = hop
            if not self._knows(hop):
                break
        return str(client), True

    def _knows(self, address: Address) -> bool:
        return address in self._names.addresses or any(address in network for network in self._networks)

    def _trusts(self, peer: str) -> bool:
        address = read_address(peer)
        return address is not None and self._knows(address)


class WsgiProxies:
    """Show the application a visitor's own address, and proxy headers only from a trusted proxy."""

    def __init__(self, application: Callable[..., Any], proxies: Proxies, *, believe_scheme: bool) -> None:
        self.application, self._proxies = application, proxies
        self._kept = {"HTTP_X_FORWARDED_PROTO"} if believe_scheme else set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if self.is_stale(environ):
            self.refresh(environ)
        self.judge(environ)
        return self.application(environ, start_response)

    def is_stale(self, environ: dict[str, Any]) -> bool:
        """Tell whether `refresh` should be called before `judge`."""
        return self._proxies.is_stale(environ.get("REMOTE_ADDR", ""))

    def refresh(self, environ: dict[str, Any]) -> None:
        """Look the proxies' names up, which may take a second."""
        self._proxies.refresh(environ.get("REMOTE_ADDR", ""))

    def judge(self, environ: dict[str, Any]) -> None:
        """Put the visitor's own address into an environ, and remove headers that are not trusted; never wait."""
        client, trusted = self._proxies.find_client(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        )
        environ["REMOTE_ADDR"] = client
        if not trusted:
            for name in [name for name in environ if name.startswith(("HTTP_X_FORWARDED_", "HTTP_X_REQUEST_ID"))]:
                if name not in self._kept:
                    del environ[name]


class AsgiProxies:
    """The same for ASGI, for pages and sockets."""

    def __init__(self, application: Callable[..., Awaitable[None]], proxies: Proxies, *, believe_scheme: bool) -> None:
        self._application, self._proxies = application, proxies
        self._kept = {b"x-forwarded-proto"} if believe_scheme else set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            peer = find_peer(scope)[0]
            if self._proxies.is_stale(peer):
                # In a thread, because the loop would serve no other request meanwhile.
                await asyncio.to_thread(self._proxies.refresh, peer)
            scope = self._judge(scope)
        await self._application(scope, receive, send)

    def _judge(self, scope: dict[str, Any]) -> dict[str, Any]:
        forwarded_for = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        peer, port = find_peer(scope)
        client, trusted = self._proxies.find_client(peer, forwarded_for.decode("latin-1"))
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if trusted or name in self._kept or not name.startswith((b"x-forwarded-", b"x-request-id"))
        ]
        return {**scope, "client": (client, port), "headers": headers}


def find_peer(scope: dict[str, Any]) -> tuple[str, int]:
    """Return the connection's own address and port; a server may not know them."""
    peer, port = scope.get("client") or ("", 0)
    return peer, port
