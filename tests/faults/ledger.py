"""The independent account: what each voter did and was told, and what therefore has to be counted.

It knows nothing of Redis, PostgreSQL or Urna's code: a ballot is its id, the voter who sent it, what is marked in each
contest, and whether it was *accepted* or *refused*, or is still *unknown*. It is *limited* where a new voter was told
to come again later: then it does not count, unless it is sent again, or an earlier sending of it is still on its way.
"""

import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.paper import Marking, contest_of


@dataclass
class Cast:
    """One ballot as its voter knows it."""

    voter: int
    ballot: str
    marking: Marking
    outcome: str = "unknown"
    unanswered: bool = False
    late: bool = False


@dataclass
class Ledger:
    """All ballots of a run, in the order in which each voter sent them; every event is kept in `history`."""

    history: Path
    casts: dict[str, Cast] = field(default_factory=dict)
    accepted: int = 0
    unknown: int = 0
    refused: int = 0
    limited: int = 0
    # Whether the voters have been told that it is over: from then on no new ballot may be accepted.
    shut: bool = False
    # What must not happen: each a sentence.
    unexpected: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._voters: set[int] = set()
        self._known: set[int] = set()
        # By count key, the voters who have ever sent it; by voter and contest, the most choices on a ballot; and by
        # contest, the sum of these.
        self._supporters: defaultdict[str, set[int]] = defaultdict(set)
        self._most: Counter[tuple[int, str]] = Counter()
        self._choices: Counter[str] = Counter()
        self._began = time.monotonic()
        self._file = self.history.open("a")

    def note(self, event: str, **details: Any) -> None:
        """Write one line of history."""
        with self._lock:
            self._write(event, details)

    def send(self, voter: int, ballot: str, marking: Marking) -> None:
        """A voter is about to send a ballot, perhaps not for the first time."""
        with self._lock:
            cast = self.casts.setdefault(ballot, Cast(voter, ballot, marking, late=self.shut))
            if cast.outcome == "limited":
                cast.outcome = "unknown"
            self._voters.add(voter)
            keys = list(marking.count_keys())
            for key in keys:
                self._supporters[key].add(voter)
            for contest, number in Counter(map(contest_of, keys)).items():
                more = max(0, number - self._most[voter, contest])
                self._most[voter, contest] += more
                self._choices[contest] += more
            self._write("send", {"voter": voter, "ballot": ballot, "marking": str(marking)})

    def tell(self, ballot: str, outcome: str, answer: str) -> str:
        """The voter has learned, or could not learn, what became of it: return what is known of it now."""
        with self._lock:
            cast = self.casts[ballot]
            self._write("told", {"ballot": ballot, "outcome": outcome, "answer": answer})
            if outcome == "unknown":
                self.unknown += 1
                cast.unanswered = True
            elif outcome == "limited" and cast.outcome == "unknown":
                self.limited += 1
                if cast.voter in self._known:
                    self._complain(self.unexpected, f"voter {cast.voter} is not new, and was limited")
                if not cast.unanswered:
                    cast.outcome = "limited"
            elif cast.outcome == "unknown":
                cast.outcome = outcome
                self.accepted += outcome == "accepted"
                if outcome == "accepted":
                    self._known.add(cast.voter)
                    if cast.late:
                        self._complain(self.unexpected, f"ballot {ballot} was accepted after the close")
                self.refused += outcome == "refused"
            elif cast.outcome != outcome:
                self._complain(self.unexpected, f"ballot {ballot} was {cast.outcome}, and later {outcome}: {answer}")
            return cast.outcome

    def complain(self, of: list[str], what: str) -> None:
        """Note what must not happen, under `unexpected` or `wrong`."""
        with self._lock:
            self._complain(of, what)

    def _complain(self, of: list[str], what: str) -> None:
        of.append(what)
        self._write("complaint", {"what": what})

    def _write(self, event: str, details: dict[str, Any]) -> None:
        line = {"at": round(time.monotonic() - self._began, 3), "event": event} | details
        self._file.write(json.dumps(line) + "\n")

    def truth(self) -> Counter[str]:
        """Return by count key how many voters' last accepted ballots have it."""
        return Counter(key for cast in self.standing().values() for key in cast.marking.count_keys())

    def standing(self) -> dict[int, Cast]:
        """Return each voter's last accepted ballot."""
        with self._lock:
            return {cast.voter: cast for cast in self.casts.values() if cast.outcome == "accepted"}

    def voters(self) -> int:
        """Return how many voters have sent anything at all: more cannot be shown at any moment."""
        return len(self._voters)

    def supporters(self, count_key: str) -> int:
        """Return how many voters have ever sent a ballot with this count key: it can have no more at any moment."""
        return len(self._supporters[count_key])

    def choices(self, contest: str) -> int:
        """Return how many choices a contest can show at most, blank ones among them, if all voters chose the most."""
        return self._choices[contest]

    def close(self) -> None:
        self._file.close()
