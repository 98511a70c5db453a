"""Somebody who uses every role in the ordinary way meanwhile, and notes how long it takes."""

import asyncio
import itertools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from tests.faults.installation import Installation
from tests.faults.ledger import Ledger
from tests.faults.paper import PAPER, Marking
from tests.faults.voters import Line, draw_address, fill_in
from tests.web import read_form

# Seconds between two rounds.
PAUSE = 0.2


class Canary:
    """Votes, reads the results, and opens the administration, round after round, until told to stop."""

    def __init__(self, installation: Installation, slug: str, ledger: Ledger, seed: int, *, first: int = 0) -> None:
        self.ports, self.slug, self.ledger = installation.ports, slug, ledger
        self.slowest: defaultdict[str, float] = defaultdict(float)
        self._voters = itertools.count(first)
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    @property
    def waited(self) -> float:
        """The longest wait, in seconds."""
        return max(self.slowest.values(), default=0)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(120)

    def _go_on(self) -> None:
        while not self._stop.wait(PAUSE):
            address = draw_address(self._chance)
            for door in ("vote-a", "vote-b"):
                self._timed(door, self._vote, address)
            self._timed("result", self._read, f"/{self.slug}/results.json")
            self._timed("admin", self._read, "/admin/login/")

    def _timed(self, name: str, action: Callable[..., None], *arguments: str) -> None:
        began = time.monotonic()
        try:
            action(name, *arguments)
        except OSError as error:
            self.ledger.complain(self.ledger.unexpected, f"{name} does not answer an ordinary visitor: {error}")
        self.slowest[name] = max(self.slowest[name], time.monotonic() - began)

    def _vote(self, door: str, address: str) -> None:
        line, cookies = Line([self.ports[door]], address), dict[str, str]()
        form = read_form(line.ask(self.ports[door], f"/{self.slug}/", cookies).page)
        marking = Marking.draw(PAPER, self._chance)
        ballot = form["ballot_id"].partition(":")[0]
        self.ledger.send(next(self._voters), ballot, marking)
        answer = line.ask(self.ports[door], f"/{self.slug}/", cookies, fill_in(form, marking))
        self.ledger.tell(ballot, "accepted" if answer.status == 303 else "refused", str(answer.status))
        line.close()
        if answer.status != 303:
            self.ledger.complain(self.ledger.unexpected, f"{door} answered an ordinary ballot with {answer.status}")

    def _read(self, door: str, path: str) -> None:
        line = Line([self.ports[door]], "127.0.0.1")
        answer = line.ask(self.ports[door], path, {})
        line.close()
        if answer.status != 200:
            self.ledger.complain(self.ledger.unexpected, f"{door} answered {answer.status} at {path}")


async def trickle(port: int, path: str) -> None:
    """Send a form so slowly that it never ends, again and again; it holds whatever a role gives a connection."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.8.0.1", 0))
            try:
                writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 100000\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
                )
                while not reader.at_eof():
                    writer.write(b"a")
                    await writer.drain()
                    await asyncio.sleep(0.5)
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.5)
