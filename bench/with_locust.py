"""The same as requests.lua with Locust, which is slower: for machines without wrk."""

import json
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import gevent
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.user import User


def read_requests(file: Path) -> list[tuple[str, str, dict[str, str], bytes]]:
    """Return (method, path, headers, body) of each prepared request."""
    found = []
    with file.open("rb") as source:
        while length := source.readline():
            head, _, body = source.read(int(length)).partition(b"\r\n\r\n")
            line, _, headers = head.partition(b"\r\n")
            method, path, _ = line.decode().split(" ")
            found.append((method, path, dict(message_from_bytes(headers).items()), body))
    return found


def main(port: int, file: Path, seconds: float, connections: int, pause: float) -> None:
    prepared = read_requests(file)
    environment = Environment(user_classes=[User], host=f"http://127.0.0.1:{port}")
    statuses: Counter[str] = Counter()
    times: list[float] = []
    broken = sent = 0
    end = time.monotonic() + seconds

    def go_on() -> None:
        nonlocal broken, sent
        session = FastHttpSession(environment.host, request_event=environment.events.request, user=None, insecure=True)
        while time.monotonic() < end:
            gevent.sleep(pause / 1000)
            method, path, headers, body = prepared[sent % len(prepared)]
            sent += 1
            started = time.monotonic()
            answer = session.request(method, path, headers=headers, data=body or None, allow_redirects=False)
            times.append(time.monotonic() - started)
            if answer.status_code:
                statuses[str(answer.status_code)] += 1
            else:
                broken += 1

    started = time.monotonic()
    gevent.joinall([gevent.spawn(go_on) for _ in range(connections)])
    times.sort()
    told = {
        "seconds": time.monotonic() - started,
        "sent": sent,
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "broken": broken,
        "statuses": statuses,
    }
    sys.stdout.write(f"urna {json.dumps(told)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
