"""People who vote over HTTP on both sides of an upgrade, and the account of what each of them chose and was told.

It knows the pages only, and nothing of Redis, PostgreSQL or Urna's code: `make.py` uses it with an older release.
"""

import hashlib
import json
import random
import re
import threading
import urllib.parse
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.faults.voters import Answer, Line, draw_address
from tests.voting_site.processes import wait_until
from tests.web import read_form

ACCEPTED = 303
# Seconds between two people of a crowd, which is to leave processor time to what goes on meanwhile.
PACE = 0.1


@dataclass
class Ballot:
    """One form as it was loaded, what was chosen on it, and the status of each answer to it."""

    form: dict[str, str]
    choices: list[str]
    answers: list[int] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.form["ballot_id"].partition(":")[0]


@dataclass
class Person:
    """Somebody with a browser, who votes in one election; `state` is what the confirmation page said last."""

    election: str
    cookies: dict[str, str] = field(default_factory=dict)
    ballots: list[Ballot] = field(default_factory=list)
    state: str = ""

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields | {"ballots": [Ballot(**ballot) for ballot in fields["ballots"]]})

    @property
    def accepted(self) -> list[Ballot]:
        """The ballots that this person was told are in, in the order in which they were sent."""
        return [ballot for ballot in self.ballots if ACCEPTED in ballot.answers]

    def load_form(self, port: int, *choices: str) -> Ballot:
        """Load a form and mark it; it is not sent yet."""
        page = self._ask(port, f"/{self.election}/").page
        form = read_form(page)
        if puzzle := re.search(r'<script id="challenge" type="application/json">(.*?)</script>', page):
            form["proof"] = solve(json.loads(puzzle[1]))
        self.ballots.append(Ballot(form, list(choices)))
        return self.ballots[-1]

    def send(self, port: int, ballot: Ballot) -> int:
        """Send a form, perhaps not for the first time; return the status of the answer."""
        body = urllib.parse.urlencode(ballot.form | {"choice": ballot.choices}, doseq=True)
        ballot.answers.append(self._ask(port, f"/{self.election}/", body).status)
        return ballot.answers[-1]

    def vote(self, port: int, *choices: str) -> int:
        """Load a form, mark it and send it."""
        return self.send(port, self.load_form(port, *choices))

    def read_state(self, port: int) -> str:
        """Return what has become of the last ballot, as the confirmation page asks for it."""
        state: str = json.loads(self._ask(port, f"/{self.election}/cast/state.json").page)["state"]
        return state

    def _ask(self, port: int, path: str, body: str | None = None) -> Answer:
        # Each person at home: what limits new voters of one network is for its own tests.
        line = Line([port], draw_address(random.Random()))
        try:
            return line.ask(port, path, self.cookies, body)
        finally:
            line.close()


def solve(puzzle: dict[str, Any]) -> str:
    """Do the proof of work that a form asks for, as the page's script does."""
    for number in range(puzzle["maxNumber"] + 1):
        if hashlib.sha256(f"{puzzle['salt']}{number}".encode()).hexdigest() == puzzle["challenge"]:
            fields = {name: puzzle[name] for name in ("algorithm", "challenge", "salt", "signature")}
            return b64encode(json.dumps(fields | {"number": number}).encode()).decode()
    raise AssertionError("there is no solution")


@dataclass
class Account:
    """All people, and the results of each election as the page showed them."""

    people: list[Person] = field(default_factory=list)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Self:
        content = json.loads(file.read_text())
        return cls([Person.from_json(one) for one in content["people"]], content["results"])

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    def add(self, election: str) -> Person:
        self.people.append(Person(election))
        return self.people[-1]

    def voters(self, election: str) -> list[Person]:
        """Return who has a ballot in the box or in the count."""
        return [person for person in self.people if person.election == election and person.accepted]

    def counts(self, election: str) -> Counter[str]:
        """Return how often each option has to be counted: by the last ballot of each voter that was accepted."""
        return Counter(choice for person in self.voters(election) for choice in person.accepted[-1].choices)


def loaded(people: Iterable[Person]) -> list[tuple[Person, Ballot]]:
    """Return the forms that were loaded and never sent, with the people who hold them."""
    return [(person, ballot) for person in people for ballot in person.ballots if not ballot.answers]


class Crowd:
    """New people who vote one after the other, each with a form of this moment, until they are told to stop."""

    def __init__(self, account: Account, port: int, election: str, choice: str) -> None:
        self.account, self.port, self.election, self.choice = account, port, election, choice
        # So many have an answer.
        self.came = 0
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._work = self._pool.submit(self._vote_on)

    def wait_for_more(self, number: int) -> None:
        """Return once so many more have voted, or when one of them could not."""
        wanted = self.came + number
        wait_until(lambda: self.came >= wanted or self._work.done(), "votes")

    def stop(self) -> None:
        """Let the last one finish; raise what one of them has met."""
        self._stop.set()
        self._pool.shutdown()
        self._work.result()

    def _vote_on(self) -> None:
        while not self._stop.wait(PACE):
            self.account.add(self.election).vote(self.port, self.choice)
            self.came += 1
