"""Tell whether a container's process is alive: `health.py http PORT`, `health.py ticks FILE [QUEUE [FILE QUEUE]...]`.

It checks liveness only. If Redis or PostgreSQL does not answer, nothing else has to be restarted.
"""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

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


def all_tick(files_and_queues: list[str]) -> bool:
    """Tell the same of each file, behind which stands the queue whose tasks touch it."""
    files, queues = files_and_queues[::2], files_and_queues[1::2] or [""]
    return all(ticks(Path(file), queue) for file, queue in zip(files, queues, strict=True))


def ask_redis(command: str) -> str:
    """Send one command to the Redis of REDIS_URL; return the answer, "" without one or with an error."""
    file = os.environ.get("REDIS_URL_FILE")
    url = urlsplit(Path(file).read_text().strip() if file else os.environ["REDIS_URL"])
    account, _, hosts = url.netloc.rpartition("@")
    if url.scheme.endswith("+sentinel"):
        place = find_primary(hosts.split(","), dict(parse_qsl(url.query)))
    else:
        place = (url.hostname or "", url.port or 6379)
    # While Redis reads its file it answers with an error.
    [answer] = ask(place, account, command, 1) if place else [""]
    return answer[1:] if answer[:1] in ("+", ":") else ""


def find_primary(sentinels: list[str], told: dict[str, str]) -> tuple[str, int] | None:
    """Return where the primary is, by the first Sentinel that says it; None if none does."""
    account = f"{told['sentinel_username']}:{told.get('sentinel_password', '')}" if "sentinel_username" in told else ""
    for sentinel in sentinels:
        host, _, port = sentinel.partition(":")
        # An array of two: each has its length before it.
        answer = ask((host, int(port or 26379)), account, f"SENTINEL GET-MASTER-ADDR-BY-NAME {told['primary']}", 5)
        if answer[0] == "*2":
            return answer[2], int(answer[4])
    return None


def ask(place: tuple[str, int], account: str, command: str, lines: int) -> list[str]:
    """Send one command as an account, USER:PASSWORD as in an address; return so many lines, empty without an answer."""
    user, _, password = account.partition(":")
    sign_in = f"AUTH {user} {unquote(password) or NO_PASSWORD}\r\n" if user else ""
    try:
        with socket.create_connection(place, timeout=TIMEOUT) as connection:
            connection.sendall(f"{sign_in}{command}\r\n".encode())
            with connection.makefile() as answers:
                if sign_in:
                    answers.readline()
                first = answers.readline().strip()
                more = first.startswith("*")
                return [first, *(answers.readline().strip() if more else "" for _ in range(lines - 1))]
    except OSError:
        return [""] * lines


if __name__ == "__main__":
    kind, argument, *more = sys.argv[1:]
    alive = web_server_is_alive(int(argument)) if kind == "http" else all_tick([argument, *more])
    sys.exit(0 if alive else 1)
