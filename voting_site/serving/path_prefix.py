"""Roles that answer below a path of their host, as `https://example.org/urna/`, behind a proxy.

The proxy passes the path on as it comes. A request without the prefix is answered as well: the health check asks the
role directly, and some proxies take the prefix off.
"""

from collections.abc import Awaitable, Callable
from typing import Any


def strip(path: str, prefix: str) -> str:
    """Return a path without the prefix, if it has it as a whole."""
    if path == prefix:
        return "/"
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path


class WsgiPrefix:
    """Show the application paths without the prefix; it adds that to its own addresses by FORCE_SCRIPT_NAME."""

    def __init__(self, application: Callable[..., Any], prefix: str | None) -> None:
        self._application, self._prefix = application, prefix

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if self._prefix:
            environ["PATH_INFO"] = strip(environ["PATH_INFO"], self._prefix)
        return self._application(environ, start_response)


class AsgiPrefix:
    """The same for ASGI, for pages and sockets, where `path` always has the prefix, which `root_path` names."""

    def __init__(self, application: Callable[..., Awaitable[None]], prefix: str | None) -> None:
        self._application, self._prefix = application, prefix

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._prefix and scope["type"] in ("http", "websocket"):
            scope = {
                **scope,
                "path": self._prefix + strip(scope["path"], self._prefix),
                "root_path": self._prefix,
            }
        await self._application(scope, receive, send)
