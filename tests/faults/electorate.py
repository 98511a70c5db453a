"""Those on the roll of an election, as the harness knows them, and what is done to them.

Acts are done by the office process (roll_office.py). An act has *begun* when the office is asked, and is *done* when
the ballot box is known to have it: from then on no ballot may be accepted that it rules out.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.elections import insist
from tests.faults.installation import Installation
from tests.faults.ledger import Ledger
from tests.faults.paper import GROUPS
from tests.voting_site.processes import PROJECT

# Seconds between two tries, and two looks at the box.
AGAIN = 0.2
LOOK = 0.05
# Weights: most voters have one vote.
WEIGHTS = (1, 1, 1, 2, 5)
# Ballots with void codes, returns with new ones, and tries of strangers that a run needs at least.
TRIES = 15


@dataclass(eq=False)
class Person:
    """An entry of the roll, with the code that is valid; the number of the entry is that of the voter in the ledger."""

    number: int
    # The valid code and its issue, always together.
    card: tuple[str, int]
    weight: int
    groups: tuple[str, ...]
    # Issues of codes that are void from now on, or from some moment on that has not come yet.
    void: set[int] = field(default_factory=set)
    may_be_void: set[int] = field(default_factory=set)
    struck: bool = False
    old_codes: list[str] = field(default_factory=list)
    # The browser with which this voter came last, and the issue of the code that was typed there.
    cookies: dict[str, str] = field(default_factory=dict)
    known_issue: int = 0
    # Held by whoever votes for this voter, or changes the weight.
    lock: threading.Lock = field(default_factory=threading.Lock)
    # Held during an act.
    act: threading.Lock = field(default_factory=threading.Lock)


class Electorate:
    """The roll of one election, and the office that changes it."""

    def __init__(self, installation: Installation, ledger: Ledger, *, seed: int, size: int) -> None:
        self.installation, self.ledger, self.size = installation, ledger, size
        self.chance = random.Random(seed)
        self.people: list[Person] = []
        self.election: Any = None
        # Another election, and codes for it.
        self.foreign_path, self.foreign = "", list[str]()
        # Ballots sent with a void code, those of voters who came back with a new one, tries of strangers, and acts.
        self.void_sent = self.returned = self.strangers = self.acts = 0
        self._turn = threading.Lock()
        self._log = (installation.logs / "roll-office.log").open("ab")
        self._process: subprocess.Popen[str] | None = None

    def enrol(self, election: Any) -> None:
        """Put so many people on the roll of a draft, each with a weight, and in no, one or both groups."""
        self.people = import_people(election, self.size, self.chance)

    @property
    def is_tried(self) -> bool:
        """Tell whether enough was tried that the roll has to rule out."""
        return min(self.void_sent, self.strangers) >= TRIES and (self.returned >= TRIES or bool(self.ledger.unentitled))

    def draw_values(self) -> dict[str, Any]:
        """Draw the weight and the groups of one who is added later."""
        number = self.chance.randrange(10**9)
        return {
            "name": f"late {number}",
            "weight": self.chance.choice(WEIGHTS),
            "groups": list(draw_groups(self.chance)),
        }

    def pick(self, chance: random.Random) -> Person | None:
        """Return somebody by lot whom nobody else holds, and hold them; None if that one is held."""
        person = chance.choice(self.people)
        return person if person.lock.acquire(blocking=False) else None

    def reissue(self, person: Person, stopped: Callable[[], bool]) -> bool:
        """Give somebody a new code; return whether it is done."""
        with person.act:
            return not person.struck and self._reissue(person, stopped)

    def _reissue(self, person: Person, stopped: Callable[[], bool]) -> bool:
        code, before = person.card
        person.may_be_void.add(before)
        told = self._perform(stopped, act="reissue", number=person.number)
        if told is None:
            return False
        person.old_codes.append(code)
        # An act whose answer was lost has been done twice: what lies between is void as well.
        gone = set(range(before, told["issue"]))
        person.may_be_void |= gone
        # Nobody types a code before the box has it: the office does not say so either while it cannot know.
        if not self._await(told["revision"], stopped):
            return False
        person.card = told["code"], told["issue"]
        person.void |= gone
        return True

    def strike(self, person: Person, stopped: Callable[[], bool]) -> bool:
        """Strike somebody off the roll; return whether it is done."""
        with person.act:
            return not person.struck and self._strike(person, stopped)

    def _strike(self, person: Person, stopped: Callable[[], bool]) -> bool:
        _code, issue = person.card
        person.may_be_void.add(issue)
        person.struck = True
        told = self._perform(stopped, act="strike", number=person.number)
        if told is None or not self._await(told["revision"], stopped):
            return False
        person.void.add(issue)
        return True

    def weigh(self, person: Person, stopped: Callable[[], bool]) -> bool:
        """Change the weight of somebody who is held, so that no ballot is on its way; return whether it is done."""
        with person.act:
            return not person.struck and self._weigh(person, stopped)

    def _weigh(self, person: Person, stopped: Callable[[], bool]) -> bool:
        weight = self.chance.choice(WEIGHTS)
        told = self._perform(stopped, act="change", number=person.number, values={"weight": weight})
        if told is None or not self._await(told["revision"], stopped):
            # Which weight counts is unknown for a while: this voter stays away.
            self.people.remove(person)
            return False
        person.weight = weight
        return True

    def add(self, stopped: Callable[[], bool]) -> bool:
        """Put somebody on the roll; return whether it is done."""
        values = self.draw_values()
        told = self._perform(stopped, act="add", values=values)
        if told is None or not self._await(told["revision"], stopped):
            return False
        groups = tuple(values["groups"])
        self.people.append(Person(told["number"], (told["code"], told["issue"]), values["weight"], groups))
        return True

    def _perform(self, stopped: Callable[[], bool], **order: Any) -> dict[str, Any] | None:
        """Have the office do an act, again after an outage; None once it is over, or when told to stop."""
        while not stopped():
            with self._turn:
                told = self._ask(order | {"election": self.election.pk})
            if "outage" not in told:
                break
            time.sleep(AGAIN)
        else:
            return None
        if "not_done" in told:
            if not self._is_over():
                self.ledger.complain(self.ledger.unexpected, f"the office did not do {order}: {told['not_done']}")
            return None
        self.acts += 1
        self.ledger.note("act", **{name: value for name, value in order.items() if name != "values"})
        return told

    def _is_over(self) -> bool:
        from polls.life import State
        from polls.models import Election

        state = insist(lambda: Election.objects.values_list("state", flat=True).get(pk=self.election.pk))
        return state != State.PUBLISHED

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.roll_office"],
                cwd=PROJECT,
                env=self.installation.part("admin").environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def _await(self, revision: int, stopped: Callable[[], bool]) -> bool:
        """Wait until the ballot box has the roll up to a revision; False when told to stop before."""
        from polls.roll import box

        while not stopped():
            if insist(lambda: box.has_revision(self.election.pk, self.election.shards, revision)):
                return True
            time.sleep(LOOK)
        return False

    def __str__(self) -> str:
        return (
            f"roll: {self.acts} acts, {self.void_sent} ballots with void codes, {self.returned} with new ones then, "
            f"{self.strangers} tries of strangers"
        )

    def close(self) -> None:
        """Let the office go home."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(30)
        self._log.close()


def draw_groups(chance: random.Random) -> tuple[str, ...]:
    """Return the groups of somebody, in the order of their names."""
    return tuple(group for group in GROUPS if chance.random() < 0.5)


def import_people(election: Any, size: int, chance: random.Random) -> list[Person]:
    """Import a list into the roll of a draft, with codes, as the office does; return who is on it."""
    from office.roll_acts import ImportRoll
    from office.roll_files.records import Record

    people: list[Person] = []

    def take_code(entry: Any, code: str) -> None:
        people.append(Person(entry.number, (code, entry.issue), entry.weight, tuple(entry.groups)))

    records = [
        Record(line, f"voter {line}", draw_groups(chance), chance.choice(WEIGHTS)) for line in range(1, size + 1)
    ]
    ImportRoll(election, records, take_code=take_code).perform(by=None)
    return people
