"""Visitors who vote while things break, and who look at the results."""

import http.client
import itertools
import json
import random
import re
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from .facts import expect, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from seed import Page, fill_in

SLUG = "nesquik-vs-cola-cao"


def status_of(url: str, timeout: float = 3) -> int:
    """Return the status of a GET, 0 without an answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def results(port: int, host: str = "127.0.0.1") -> dict[str, Any]:
    """Return the snapshot that the results page shows, {} if it shows none."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/{SLUG}/results.json", timeout=3) as answer:
            snapshot: dict[str, Any] = json.load(answer)
            return snapshot
    except (OSError, ValueError):
        return {}


def wait_for_ballots(port: int, number: int, within: float = 30, host: str = "127.0.0.1") -> float:
    """Return the seconds until exactly `number` ballots show; raises Untrue."""
    seconds = wait_until(
        lambda: results(port, host).get("ballots", -1) >= number, within, f"{number} ballots on the results page"
    )
    shown = results(port, host).get("ballots")
    expect(shown == number, f"{shown} ballots show, {number} were accepted")
    return seconds


def check_accounts(said: str, accepted: int) -> str:
    """Return what `reconcile` says, shortly; raises Untrue unless all epochs have so many ballots, and all count."""
    for state in ("accepted", "counted"):
        total = sum(map(int, re.findall(rf" (\d+) {state}\b", said)))
        expect(total == accepted, f"{accepted} were accepted: {said}")
    return f"{accepted} ballots, in {said.count(' epoch ')} epochs"


def open_socket(port: int, origin: str) -> str:
    """Ask for a results socket as a page of `origin` would; return the status line."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(
            f"GET /ws/{SLUG}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "\r\n".encode()
        )
        return connection.recv(1024).partition(b"\r\n")[0].decode()


def count_by_kind(failures: list[tuple[float, str]]) -> str:
    """Say how many failures of each kind there were."""
    kinds = Counter(text.partition(", after")[0] for _, text in failures)
    return ", ".join(f"{number} times {kind}" for kind, number in kinds.most_common())


def longest_run(failures: list[tuple[float, str]]) -> float:
    """Return the seconds of the longest series of failures, in which each follows within half a second."""
    longest, began, last = 0.0, None, None
    for moment, _ in sorted(failures):
        if last is None or moment - last > 0.5:
            began = moment
        last = moment
        longest = max(longest, moment - (began or moment))
    return longest


class Crowd:
    """Voters, one after the other, until they are told to stop; each sends the ballot until it is accepted."""

    def __init__(self, port: int, pause: float = 0.05) -> None:
        self.page = Page(f"http://127.0.0.1:{port}/{SLUG}/")
        self.pause = pause
        self.accepted = 0
        self.refused = ""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._vote)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _vote(self) -> None:
        pick = random.Random()
        while not self._enough.wait(self.pause):
            try:
                self.page.vote(pick)
            except Exception as error:
                self.refused = repr(error)
                return
            self.accepted += 1


class Load:
    """Requests to one address at a steady rate, each on a connection of its own; none is repeated.

    Each load comes from an address of its own. For two minutes the kernel's NAT remembers where it sent a connection
    that was not answered, and would send there a new one from the same address and port, as the next trial may open it.
    """

    _sources = (f"127.0.1.{number}" for number in itertools.count(1))

    def __init__(self, url: str, rate: float) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path, self.rate = parts.hostname or "", parts.port or 80, parts.path, rate
        self.asked = 0
        self._source = next(self._sources)
        # For each failed request: when it was sent, and what came back.
        self.failures: list[tuple[float, str]] = []
        self._enough = threading.Event()
        self._threads: list[threading.Thread] = []
        self._driver = threading.Thread(target=self._drive)

    def __enter__(self) -> Self:
        self._driver.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._driver.join()
        for thread in self._threads:
            thread.join()

    def _drive(self) -> None:
        due = time.monotonic()
        while not self._enough.wait(max(0, due - time.monotonic())):
            due += 1 / self.rate
            thread = threading.Thread(target=self._ask)
            thread.start()
            self._threads.append(thread)

    def _ask(self) -> None:
        self.asked += 1
        started = time.monotonic()
        did = "connecting"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10, source_address=(self._source, 0))
        try:
            connection.connect()
            did = "waiting for the answer"
            connection.request("GET", self.path, headers={"Connection": "close"})
            answer = connection.getresponse()
            did = "reading the answer"
            answer.read()
            found = "" if answer.status == 200 else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            found = f"{type(error).__name__} while {did}"
        finally:
            connection.close()
        if found:
            self.failures.append((started, f"{found}, after {time.monotonic() - started:.1f} s"))


class Voters(Load):
    """New voters at a steady rate, each on a connection of its own; who is not accepted gives up."""

    def __init__(self, url: str, rate: float) -> None:
        super().__init__(url, rate)
        self.url = url
        self.accepted = 0
        self._lock = threading.Lock()

    def _ask(self) -> None:
        started, page, did = time.monotonic(), Page(self.url), "loading the ballot"
        try:
            status, headers, text = page.ask("GET")
            if status == 200:
                did = "sending it"
                body, cookies, _ = fill_in(headers, text, random.Random())
                status, _, _ = page.ask("POST", body, cookies)
            found = "" if status == 303 else f"status {status}"
        except OSError as error:
            found = str(error)
        finally:
            page.close()
        with self._lock:
            self.asked += 1
            if found:
                self.failures.append((started, f"{found} while {did}, after {time.monotonic() - started:.1f} s"))
            else:
                self.accepted += 1
