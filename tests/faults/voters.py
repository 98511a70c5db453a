"""Voters over HTTP: they send again what was not answered, and some of them send twice or change their mind.

They come from many addresses of 127/8, since new voters of one address are limited; some of them come from one address,
and have to live with the limit.
"""

import http.client
import itertools
import random
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.faults.ledger import Ledger
from tests.faults.paper import Contest, Marking
from tests.web import read_form

# Seconds: until a voter takes an answer for lost, between two presses of the button, and until they give up.
TIMEOUT = 3
AGAIN = 0.15
PATIENCE = 90
RESEND = 0.05
REVOTE = 0.2
# Voters who come from one address before the line moves on to the next.
HOUSEHOLD = 40
# How often somebody who is told to come again later does so, and after how many seconds at most.
RETURN = 0.5
LONGEST_BREAK = 2


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the page, and after how many seconds to come again, as written in the header."""

    status: int
    page: str
    retry_after: str


def fill_in(form: Mapping[str, str], marking: Marking) -> str:
    """Return what a browser sends of a form that is marked so."""
    return urllib.parse.urlencode([*form.items(), *marking.fields()])


def draw_address(chance: random.Random) -> str:
    """Return one of this machine's own addresses on the loopback, which all are different visitors."""
    return f"127.{chance.randint(1, 254)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


class Line:
    """Connections of one thread to the doors of the house, kept alive from one request to the next."""

    def __init__(self, doors: Sequence[int], address: str, *, timeout: float = TIMEOUT) -> None:
        self._connections = {
            door: http.client.HTTPConnection("127.0.0.1", door, timeout=timeout, source_address=(address, 0))
            for door in doors
        }

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(self, door: int, path: str, cookies: dict[str, str], body: str | None = None) -> Answer:
        """GET a page, or POST to it; keep the cookies; raise OSError without a whole answer."""
        connection = self._connections[door]
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            if connection.sock is None:
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise OSError(repr(error)) from error
        for header in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = header.partition(";")[0].partition("=")
            cookies[name] = value
        return Answer(answer.status, page, answer.headers.get("Retry-After", ""))


class Crowd:
    """People who come one after the other, on so many lines at once, until they are told to stop.

    With `crowded` there are further lines, all of whose people come from one address.
    """

    def __init__(
        self,
        doors: Sequence[int],
        slug: str,
        paper: Sequence[Contest],
        ledger: Ledger,
        *,
        seed: int,
        lines: int,
        first: int,
        crowded: int = 0,
    ) -> None:
        self.doors, self.path, self.paper, self.ledger = doors, f"/{slug}/", paper, ledger
        self._stop = threading.Event()
        self._next = itertools.count(first)
        self._threads = [
            threading.Thread(target=self._queue, args=(random.Random(f"{seed} {first} {number}"), home), daemon=True)
            for number, home in enumerate([None] * lines + [draw_address(random.Random(seed))] * crowded)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish, and nobody come any more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE + 30)

    def _queue(self, chance: random.Random, home: str | None) -> None:
        line = Line(self.doors, home or draw_address(chance))
        for come in itertools.count(1):
            if self._stop.is_set():
                break
            if home is None and come % HOUSEHOLD == 0:
                line.close()
                line = Line(self.doors, draw_address(chance))
            voter = next(self._next)
            try:
                self._visit(line, voter, chance)
            except Exception as error:
                self.ledger.complain(self.ledger.unexpected, f"voter {voter} met {error!r}")
        line.close()

    def _visit(self, line: Line, voter: int, chance: random.Random) -> None:
        cookies: dict[str, str] = {}
        for _ in range(1 + (chance.random() < REVOTE)):
            form = self._fetch_form(line, cookies, chance)
            if form is None:
                return
            marking = Marking.draw(self.paper, chance)
            ballot = form["ballot_id"].partition(":")[0]
            body = fill_in(form, marking)
            for _ in range(1 + (chance.random() < RESEND)):
                if not self._cast(line, cookies, chance, voter, ballot, marking, body):
                    return

    def _fetch_form(self, line: Line, cookies: dict[str, str], chance: random.Random) -> dict[str, str] | None:
        """Return the fields of a fresh form; None from an election that is over, or when told to stop."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._stop.is_set():
            answer = self._insist(line, cookies, chance, self.path)
            if answer is None:
                return None
            if answer.status == 200:
                return read_form(answer.page)
            time.sleep(AGAIN)
            if answer.status == 410:
                return None
            self.ledger.complain(self.ledger.unexpected, f"the form was answered with {answer.status}")
        return None

    def _insist(
        self, line: Line, cookies: dict[str, str], chance: random.Random, path: str, body: str | None = None
    ) -> Answer | None:
        """Ask again until something else than 503 comes back; None if it never does, or when told to stop."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._stop.is_set():
            with suppress(OSError):
                answer = line.ask(chance.choice(self.doors), path, cookies, body)
                if answer.status != 503:
                    return answer
            time.sleep(AGAIN)
        return None

    def _cast(
        self,
        line: Line,
        cookies: dict[str, str],
        chance: random.Random,
        voter: int,
        ballot: str,
        marking: Marking,
        body: str,
        *,
        weight: int = 1,
        is_void: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Send one ballot until the answer is known; return whether it was accepted.

        `is_void` tells whether the voter may have lost the right to vote with this code.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.ledger.send(voter, ballot, marking, weight)
            status, said, pause = 0, "", AGAIN
            try:
                answer = line.ask(chance.choice(self.doors), self.path, cookies, body)
                status = answer.status
            except OSError as error:
                said = str(error)
            match status:
                case 303:
                    self.ledger.tell(ballot, "accepted", "303")
                    return True
                case 409 | 410:
                    self.ledger.tell(ballot, "refused", str(status))
                    if status == 409:
                        # No voter here sends a ballot for which this refusal would be right.
                        self.ledger.complain(self.ledger.unexpected, f"ballot {ballot} was answered with 409")
                    return False
                case 403 if is_void():
                    self.ledger.tell(ballot, "refused", "403")
                    return False
                case 429 if answer.retry_after.isdecimal():
                    # A voter who gives up must know that no earlier request can still be accepted.
                    known = self.ledger.tell(ballot, "limited", "429")
                    if known == "limited" and chance.random() > RETURN:
                        return False
                    pause = min(int(answer.retry_after), LONGEST_BREAK)
                case 0 | 503:
                    self.ledger.tell(ballot, "unknown", said or "503")
                case _:
                    self.ledger.tell(ballot, "unknown", str(status))
                    self.ledger.complain(self.ledger.unexpected, f"ballot {ballot} was answered with {status}")
            time.sleep(pause)
        self.ledger.complain(self.ledger.unexpected, f"what became of ballot {ballot} was not to be learned")
        return False


@contextmanager
def send_too_late(
    doors: Sequence[int], slug: str, paper: Sequence[Contest], ledger: Ledger, *, number: int, address: str
) -> Iterator[None]:
    """Fetch forms before the block, in which the election is closed, and send them after it: all have to be refused."""
    path = f"/{slug}/"
    late = []
    line, chance = Line(doors, address), random.Random(address)
    for voter in range(-number, 0):
        cookies: dict[str, str] = {}
        form, deadline = None, time.monotonic() + PATIENCE
        while form is None and time.monotonic() < deadline:
            with suppress(OSError):
                page = line.ask(doors[voter % len(doors)], path, cookies)
                form = read_form(page.page) if page.status == 200 else None
        if form is not None:
            late.append((voter, cookies, form))
    yield
    for voter, cookies, form in late:
        ballot = form["ballot_id"].partition(":")[0]
        marking = Marking.draw(paper, chance)
        body = fill_in(form, marking)
        outcome, deadline = "unknown", time.monotonic() + PATIENCE
        while outcome == "unknown" and time.monotonic() < deadline:
            ledger.send(voter, ballot, marking)
            answer = ""
            with suppress(OSError):
                answer = str(line.ask(doors[voter % len(doors)], path, cookies, body).status)
            outcome = {"303": "accepted", "410": "refused"}.get(answer, "unknown")
            ledger.tell(ballot, outcome, answer)
        if outcome != "refused":
            ledger.complain(ledger.unexpected, f"a ballot sent after the close was {outcome}")
