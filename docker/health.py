"""Tell whether a container's process is alive: `health.py http PORT`, `health.py ticks FILE [QUEUE]`.

It checks liveness only. If Redis or PostgreSQL does not answer, nothing else has to be restarted.
"""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Seconds. Workers and beat tick once a second, and are restarted well before voters lose patience.
STALE = 30
TIMEOUT = 4
# A user without a password accepts any, but AUTH needs one.
NO_PASSWORD = '""'


def web_server_is_alive(port: int) -> bool:
    """Ask for /healthz, over a plain socket, since the standard library's clients take longer to load than to ask."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def ticks(file: Path, queue: str = "") -> bool:
    """Tell whether the process has touched its file lately, or could not.

    It does not touch it while Redis does not answer. A worker does not while beat does not run and its queue is empty.
    """
    if file.exists() and time.time() - file.stat().st_mtime < STALE:
        return True
    answer = ask_redis(f"LLEN {queue}" if queue else "PING")
    return answer == "0" if queue and answer.isdecimal() else answer != "PONG"


def ask_redis(command: str) -> str:
    """Send one command to the Redis of REDIS_URL; return the answer, "" without one or with an error."""
    file = os.environ.get("REDIS_URL_FILE")
    url = urlsplit(Path(file).read_text().strip() if file else os.environ["REDIS_URL"])
    lines = [command]
    if url.username:
        lines.insert(0, f"AUTH {url.username} {unquote(url.password or '') or NO_PASSWORD}")
    try:
        with socket.create_connection((url.hostname, url.port or 6379), timeout=TIMEOUT) as connection:
            connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
            with connection.makefile() as answers:
                # While Redis reads its file it answers with an error.
                answer = [answers.readline().strip() for _ in lines][-1]
    except OSError:
        return ""
    return answer[1:] if answer[:1] in ("+", ":") else ""


if __name__ == "__main__":
    kind, argument, *more = sys.argv[1:]
    alive = web_server_is_alive(int(argument)) if kind == "http" else ticks(Path(argument), *more)
    sys.exit(0 if alive else 1)
