"""The ceiling of the fan-out: Daphne as `result` runs it, with an application that only writes.

Sockets may open at any path; a POST to /frame writes its body to all of them. Usage: python -m bench.bare_asgi PORT
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]

# Seconds from the answer to a POST to its frame.
PAUSE_S = 0.05

sockets: set[Send] = set()
writing: set[asyncio.Task[None]] = set()


async def write(text: str) -> None:
    """Write to all sockets, after the answer to the POST has arrived."""
    await asyncio.sleep(PAUSE_S)
    for one in list(sockets):
        await one({"type": "websocket.send", "text": text})


async def application(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    """Serve one connection."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        sockets.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        sockets.discard(send)
        return
    body = (await receive()).get("body", b"").decode()
    if scope["path"] == "/frame":
        writing.add(asyncio.create_task(write(body)))
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})


if __name__ == "__main__":
    os.environ["URNA_ROLE"] = "result"
    import voting_site.asgi
    from voting_site.running import Place, serve_asgi

    voting_site.asgi.application = application  # type: ignore[assignment]
    serve_asgi(Place(port=int(sys.argv[1])))
