"""Tell whether a container's process is alive: `health.py http PORT`, or `health.py ticks FILE`.

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


def ticks(file: Path) -> bool:
    """Tell whether the process has touched its file lately, or had no chance to since Redis is away."""
    try:
        return time.time() - file.stat().st_mtime < STALE or not redis_answers()
    except FileNotFoundError:
        return not redis_answers()


def redis_answers() -> bool:
    """Ask the Redis of REDIS_URL for a sign of life."""
    url = urlsplit(os.environ["REDIS_URL"])
    try:
        with socket.create_connection((url.hostname, url.port or 6379), timeout=TIMEOUT) as connection:
            connection.sendall(b"PING\r\n")
            # While it reads its file in it answers, but with an error.
            return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


if __name__ == "__main__":
    kind, argument = sys.argv[1:]
    sys.exit(0 if (web_server_is_alive(int(argument)) if kind == "http" else ticks(Path(argument))) else 1)
