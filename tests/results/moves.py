"""Random sequences of what a results page shows: of all methods, with everything in them that can change."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

from polls import markings, methods
from polls.design import Paper
from polls.models import Election, Shows
from results.outcome_shown import OutcomeShown, Source
from results.pace_shown import PaceShown
from results.snapshot import Certificate, Snapshot
from results.wall import as_dict
from tests.conftest import contest

from .papers import NOON, make_snapshot

KEYS = ("ana", "bea", "leo", "mia", "tom")
METHODS = tuple(methods.METHODS)
FILLS_SEATS = tuple(name for name, method in methods.METHODS.items() if method.fills_seats)


def draw_paper(chance: Random) -> Paper:
    """Return a paper of some methods."""
    contests = []
    for number, name in enumerate(chance.sample(METHODS, chance.choice((1, 2, 3))), start=1):
        keys = ("yes", "no", "abstain") if name == "motion" else KEYS[: chance.choice((2, 3, 5))]
        seats = chance.randrange(1, len(keys)) if name in FILLS_SEATS else 1
        rules = methods.get(name).complete_rules({}, keys)
        one = contest(f"q{number}", keys, title=f"Question {number}", method=name, seats=seats, rules=rules)
        contests.append(one)
    return Paper("General assembly", "", False, tuple(contests))


class Moves:
    """An election that goes on at random: its snapshots, each later than the one before, and what walls show."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.paper = draw_paper(self.chance)
        self._marks: Counter[str] = Counter()
        self._ballots = 0
        self._election = Election(slug="drink", short_code="k7p", opens_at=NOON, time_zone="UTC")
        self._told: dict[str, Any] = {"phase": "open", "final": False, "version": 1, "pending": 0, "as_of": NOON}
        self._withheld = ""
        self.wall: dict[str, Any] = as_dict(None)

    def go_on(self) -> Snapshot:
        """Let something happen, or several things, and return what is shown then."""
        for happen in self.chance.sample(self._events(), self.chance.choice((0, 1, 1, 2, 4))):
            happen()
        return self._show()

    def show(self, withheld: str) -> Snapshot:
        """Withhold the result by a results rule, "" for none, and return what is shown then."""
        self._withheld = withheld
        return self._show()

    def _events(self) -> list[Any]:
        return [
            *[self._vote] * 6, self._close, self._count, self._withhold, self._turn_out, self._weigh, self._step,
            self._pace, self._certify, self._mend, self._extend, self._direct_wall,
        ]  # fmt: skip

    def _vote(self) -> None:
        for _ in range(self.chance.choice((1, 1, 3, 40))):
            parts = [f"{one.key}={methods.get(one.method).invent(one, self.chance)}" for one in self.paper.contests]
            self._marks.update(markings.count_keys(";".join(parts), self.paper.contests))
            self._ballots += 1

    def _close(self) -> None:
        phase = self.chance.choice(("scheduled", "open", "closed", "cancelled"))
        self._told |= {"phase": phase, "final": phase == "closed" and self.chance.random() < 0.5}

    def _count(self) -> None:
        self._told |= {"pending": self.chance.choice((None, 0, 3, 70)), "rest": self.chance.choice((0, 0, 5))}

    def _withhold(self) -> None:
        self._withheld = self.chance.choice(("", Shows.TURNOUT, Shows.HIDDEN))

    def _turn_out(self) -> None:
        part = {"voted": self._ballots, "entitled": self._ballots + 20, "permille": self.chance.randrange(1000)}
        groups = [{"name": name, **part} for name in ("North", "South")[: self.chance.randrange(3)]]
        whole = part | ({"entitled_weight": 900} if self.chance.random() < 0.3 else {}) | {"groups": groups or None}
        self._told |= {"turnout": self.chance.choice((None, whole))}

    def _weigh(self) -> None:
        self._told |= {"weight": self.chance.choice((None, 7 * self._ballots))}

    def _step(self) -> None:
        self.paper = replace(self.paper, step=self.chance.choice((1, 5, 10)))

    def _pace(self) -> None:
        counted = [self.chance.randrange(90) for _ in range(self.chance.choice((1, 2, 2, 60)))]
        self._told |= {"pace": self.chance.choice((None, PaceShown(NOON, 1, counted, self.chance.random() < 0.5)))}

    def _certify(self) -> None:
        self._told |= {"certified": self.chance.choice((None, Certificate(self._told["as_of"], "f" * 64)))}

    def _mend(self) -> None:
        self._election = Election(**_kept(self._election), mended_at=self.chance.choice((None, self._told["as_of"])))
        self.paper = replace(self.paper, title=self.chance.choice(("General assembly", "Asamblea “ñ” <b>")))

    def _extend(self) -> None:
        self._election = Election(**_kept(self._election), closes_at=self.chance.choice((None, self._told["as_of"])))

    def _direct_wall(self) -> None:
        at = self.chance.choice((None, "2026-05-04T12:00:05.000000Z"))
        self.wall = as_dict(None) | {"contest": self.chance.choice(("", "q1")), "hides": at is None, "reveal_at": at}

    def _show(self) -> Snapshot:
        later = dt.timedelta(microseconds=self.chance.randrange(1, 10**8))
        self._told |= {"version": self._told["version"] + 1, "as_of": self._told["as_of"] + later}
        shown = make_snapshot(self._marks, self._ballots, self.paper).shown
        if self._withheld:
            shown = OutcomeShown(Source(self.paper.write(), self._ballots, None, None, self._withheld), self.paper)
        return Snapshot(election=self._election, shown=shown, **self._told)


def _kept(election: Election) -> dict[str, Any]:
    return {name: getattr(election, name) for name in ("slug", "short_code", "opens_at", "time_zone")}
