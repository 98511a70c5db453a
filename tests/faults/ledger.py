"""The independent account: what each voter did and was told, and what therefore has to be counted.

It knows nothing of Redis, PostgreSQL or Urna's code: a ballot is its id, the voter who sent it, what is marked in each
contest, and whether it was *accepted* or *refused*, or is still *unknown*. It is *limited* where a new voter was told
to come again later: then it does not count, unless it is sent again, or an earlier sending of it is still on its way.
"""

import json
import threading
import time
from collections import Counter
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
    weight: int = 1
    outcome: str = "unknown"
    unanswered: bool = False
    late: bool = False


class Highest:
    """The most that each voter has ever had of each thing, summed by thing."""

    def __init__(self) -> None:
        self._by_voter: dict[tuple[int, str], int] = {}
        self.sums: Counter[str] = Counter()

    def note(self, voter: int, thing: str, number: int) -> None:
        """Note what a voter has had of a thing."""
        more = number - self._by_voter.get((voter, thing), 0)
        if more > 0:
            self._by_voter[voter, thing] = number
            self.sums[thing] += more


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
    unentitled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._voters: set[int] = set()
        self._known: set[int] = set()
        # By count key and by contest: the weight of those who have ever sent it; and by contest their choices.
        self._supporters, self._having, self._choices = Highest(), Highest(), Highest()
        self._began = time.monotonic()
        # When the last ballot was accepted, and the longest time between two of them.
        self._accepted_at: float | None = None
        self._pause = 0.0
        self._file = self.history.open("a")

    def note(self, event: str, **details: Any) -> None:
        """Write one line of history."""
        with self._lock:
            self._write(event, details)

    def send(self, voter: int, ballot: str, marking: Marking, weight: int = 1) -> None:
        """A voter is about to send a ballot, perhaps not for the first time."""
        with self._lock:
            cast = self.casts.setdefault(ballot, Cast(voter, ballot, marking, weight, late=self.shut))
            if cast.outcome == "limited":
                cast.outcome = "unknown"
            self._voters.add(voter)
            keys = list(marking.count_keys())
            for key in keys:
                self._supporters.note(voter, key, weight)
            for contest, number in Counter(map(contest_of, keys)).items():
                self._having.note(voter, contest, weight)
                self._choices.note(voter, contest, weight * number)
            self._write("send", {"voter": voter, "ballot": ballot, "marking": str(marking), "weight": weight})

    def tell(self, ballot: str, outcome: str, answer: str) -> str:
        """The voter has learned, or could not learn, what became of it: return what is known of it now."""
        with self._lock:
            cast = self.casts[ballot]
            self._write("told", {"ballot": ballot, "outcome": outcome, "answer": answer})
            if outcome == "accepted":
                self._end_pause()
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

    def take_pause(self) -> float:
        """Return the longest time in which no ballot was accepted, in seconds, since this was asked last."""
        with self._lock:
            pause, self._pause = self._pause, 0.0
        return pause

    def _end_pause(self) -> None:
        now = time.monotonic()
        if self._accepted_at is not None:
            self._pause = max(self._pause, now - self._accepted_at)
        self._accepted_at = now

    def complain(self, of: list[str], what: str) -> None:
        """Note what must not happen, under `unexpected`, `wrong` or `unentitled`."""
        with self._lock:
            self._complain(of, what)

    def _complain(self, of: list[str], what: str) -> None:
        of.append(what)
        self._write("complaint", {"what": what})

    def _write(self, event: str, details: dict[str, Any]) -> None:
        line = {"at": round(time.monotonic() - self._began, 3), "event": event} | details
        self._file.write(json.dumps(line) + "\n")

    def truth(self) -> Counter[str]:
        """Return by count key the weight of the voters whose last accepted ballots have it."""
        truth = Counter[str]()
        for cast in self.standing().values():
            for key in cast.marking.count_keys():
                truth[key] += cast.weight
        return truth

    def votes(self, contest: str = "") -> int:
        """Return the weight of all voters whose ballots stand, or of those who have a contest on them."""
        standing = self.standing().values()
        return sum(cast.weight for cast in standing if not contest or contest in dict(cast.marking.marks))

    def standing(self) -> dict[int, Cast]:
        """Return each voter's last accepted ballot."""
        with self._lock:
            return {cast.voter: cast for cast in self.casts.values() if cast.outcome == "accepted"}

    def known_voters(self) -> int:
        """Return how many voters know that a ballot of theirs was accepted."""
        return len(self._known)

    def voters(self) -> int:
        """Return how many voters have sent anything at all: more cannot be shown at any moment."""
        return len(self._voters)

    def supporters(self, count_key: str) -> int:
        """Return the weight of those who have ever sent this count key: it can have no more at any moment."""
        return self._supporters.sums[count_key]

    def having(self, contest: str) -> int:
        """Return the weight of those who have ever sent a ballot with this contest."""
        return self._having.sums[contest]

    def choices(self, contest: str) -> int:
        """Return how many choices a contest can show at most, blank ones among them, if all voters chose the most."""
        return self._choices.sums[contest]

    def close(self) -> None:
        self._file.close()
