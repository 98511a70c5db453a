"""Tell whether a container's process is alive: `health.py http PORT`, `health.py ticks FILE [QUEUE]`.

Liveness only. A Redis or a PostgreSQL that is away is no reason to restart anything else.
"""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

# Seconds. Workers and beat tick once a second, and are started anew well before voters lose patience.
STALE = 30
TIMEOUT = 4


def web_server_is_alive(port: int) -> bool:
    """Ask for /healthz; by hand, since the standard library's clients take longer to load than to ask."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def ticks(file: Path, queue: str = "") -> bool:
    """Tell whether the process has touched its file lately, or had no chance to.

    It has none while Redis is away, nor has a worker while nothing waits in its queue since beat is away.
    """
    if file.exists() and time.time() - file.stat().st_mtime < STALE:
        return True
    answer = ask_redis(f"LLEN {queue}" if queue else "PING")
    return answer == "0" if queue and answer.isdecimal() else answer != "PONG"


def ask_redis(command: str) -> str:
    """Send one command to the Redis of REDIS_URL; return the answer, "" without one or with an error."""
    url = urlsplit(os.environ["REDIS_URL"])
    try:
        with socket.create_connection((url.hostname, url.port or 6379), timeout=TIMEOUT) as connection:
            connection.sendall(f"{command}\r\n".encode())
            # While it reads its file in it answers, but with an error.
            answer = connection.recv(64).decode().strip()
    except OSError:
        return ""
    return answer[1:] if answer[:1] in ("+", ":") else ""


if __name__ == "__main__":
    kind, argument, *more = sys.argv[1:]
    alive = web_server_is_alive(int(argument)) if kind == "http" else ticks(Path(argument), *more)
    sys.exit(0 if alive else 1)
