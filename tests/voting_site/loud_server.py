"""Daphne as `result` runs it, with sockets on which an application never stops talking, and pages of any size.

Usage: python -m tests.voting_site.loud_server PORT PING SILENT, with seconds for voting_site/serving/limited_socket.py.
"""

import asyncio
import os
import sys
from itertools import count
from typing import Any

FRAME = "x" * 100_000
# For sockets at the path /short.
SHORT_FRAME = "x" * 1000
# Seconds between two frames.
PAUSE = 0.02


async def talk(send: Any, frame: str) -> None:
    for number in count():
        await send({"type": "websocket.send", "text": f"{number} {frame}"})
        await asyncio.sleep(PAUSE)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Talk on a socket until it ends; answer at /metrics with what was counted."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        talking = asyncio.create_task(talk(send, SHORT_FRAME if scope["path"] == "/short" else FRAME))
        while (await receive())["type"] != "websocket.disconnect":
            pass
        talking.cancel()
        return
    from prometheus_client import generate_latest

    await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": generate_latest()})


if __name__ == "__main__":
    os.environ["URNA_ROLE"] = "result"
    import voting_site.asgi
    from voting_site.running import Place, serve_asgi
    from voting_site.serving import limited_socket

    port, ping, silent = map(int, sys.argv[1:])
    limited_socket.PING_S, limited_socket.SILENT_S = ping, silent
    voting_site.asgi.application = application  # type: ignore[assignment]
    serve_asgi(Place(port=port))
