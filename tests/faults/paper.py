"""The papers that people vote on here, and what a voter marks on them.

Like the ledger it knows nothing of Urna's code: it writes markings and count keys as `docs/vote-path.md` has them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Protocol, Self

# How often a contest that may be left blank is, and how often the next of a ranking is as good as the one before.
BLANK = 0.3
EQUAL = 0.2
BEST_SCORE = 5


class Mark(Protocol):
    """What a voter has marked in one contest; as text it is the contest's part of a marking."""

    def fields(self, contest: str) -> list[tuple[str, str]]:
        """Return what the form sends."""

    def count_keys(self) -> list[str]:
        """Return what it raises by one each, without the contest."""


@dataclass(frozen=True)
class Chosen:
    """Options that are chosen; none is a blank contest."""

    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ",".join(self.options)

    def fields(self, contest: str) -> list[tuple[str, str]]:
        return [(contest, option) for option in self.options or ("",)]

    def count_keys(self) -> list[str]:
        return list(self.options or ("-blank",))


@dataclass(frozen=True)
class Ranked:
    """Options in order, the best first; each place has one option, or several that are equal."""

    places: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return ">".join("=".join(place) for place in self.places)

    def fields(self, contest: str) -> list[tuple[str, str]]:
        return [(f"{contest}:{key}", str(rank)) for rank, place in enumerate(self.places, start=1) for key in place]

    def count_keys(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Compared(Ranked):
    """A ranking of which each comparison of two options counts; those `left_out` come after all others."""

    left_out: tuple[str, ...] = ()

    def count_keys(self) -> list[str]:
        places = (*self.places, self.left_out)
        return [f"{one}>{other}" for better, worse in combinations(places, 2) for one in better for other in worse]


@dataclass(frozen=True)
class Scored:
    """A score for each of some options."""

    scores: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return ",".join(self.count_keys())

    def fields(self, contest: str) -> list[tuple[str, str]]:
        return [(f"{contest}:{option}", str(score)) for option, score in self.scores]

    def count_keys(self) -> list[str]:
        return [f"{option}:{score}" for option, score in self.scores]


@dataclass(frozen=True)
class Contest:
    """One question: its options, how many of them may be chosen, and whether none may be."""

    key: str
    title: str
    method: str
    options: tuple[str, ...]
    max_choices: int = 1
    may_be_blank: bool = False
    seats: int = 1
    # Further rules of the method.
    rules: dict[str, Any] = field(default_factory=dict)
    # Those of a roll whom it is for; all, if there are none.
    groups: tuple[str, ...] = ()

    def mark(self, chance: random.Random) -> Mark:
        """Mark by lot."""
        if self.may_be_blank and chance.random() < BLANK:
            return Chosen()
        match self.method:
            case "irv" | "stv":
                return Ranked(tuple((key,) for key in self._some(chance)))
            case "schulze":
                return self._compare(chance)
            case "score":
                some = set(self._some(chance))
                return Scored(tuple((key, chance.randint(0, BEST_SCORE)) for key in self.options if key in some))
            case _:
                most = min(self.max_choices, len(self.options))
                return Chosen(tuple(sorted(chance.sample(self.options, chance.randint(1, most)))))

    def _some(self, chance: random.Random) -> list[str]:
        return chance.sample(self.options, chance.randint(1, len(self.options)))

    def _compare(self, chance: random.Random) -> Compared:
        some = self._some(chance)
        places: list[list[str]] = []
        for key in some:
            if places and chance.random() < EQUAL:
                places[-1].append(key)
            else:
                places.append([key])
        order = self.options.index
        left_out = tuple(key for key in self.options if key not in some)
        return Compared(tuple(tuple(sorted(place, key=order)) for place in places), left_out)

    def as_json(self) -> dict[str, Any]:
        """Return the contest as a file has it that elections are imported from."""
        rules = dict(self.rules)
        if self.method == "approval":
            rules["max_choices"] = self.max_choices
        if self.may_be_blank:
            rules["blank"] = True
        options = [{"key": key, "label": key.title()} for key in self.options]
        return {
            "key": self.key,
            "title": self.title,
            "method": self.method,
            "seats": self.seats,
            "rules": rules,
            "options": options,
            **({"groups": list(self.groups)} if self.groups else {}),
        }


PAPER = (
    Contest("q1", "What do you drink?", "plurality", ("nesquik", "cola-cao", "water")),
    Contest("q2", "And with it?", "approval", ("cake", "churros", "toast", "fruit"), max_choices=2),
    Contest("q3", "Every day?", "plurality", ("yes", "no"), may_be_blank=True),
)
# What is counted here are rankings and scores, of which a page shows what a rule makes of them.
RANKED = (
    Contest("board", "Who sits on the board?", "stv", ("ana", "bea", "carlo", "dora", "emil"), seats=2),
    Contest("chair", "Who takes the chair?", "irv", ("ana", "bea", "carlo", "dora"), may_be_blank=True),
    Contest("day", "Which day suits you?", "schulze", ("monday", "tuesday", "friday", "sunday")),
    Contest("name", "How do you like these names?", "score", ("urna", "caja", "arca")),
)
# People on a roll vote on this: some contests are for some groups alone, and each voter has a weight.
GROUPS = ("north", "south")
ROLLED = (
    Contest("site", "Where do we meet?", "plurality", ("barn", "school", "tent")),
    Contest("bus", "Which bus do we hire?", "approval", ("red", "green", "blue"), max_choices=2, groups=("north",)),
    Contest("fee", "A higher fee?", "plurality", ("yes", "no"), may_be_blank=True, groups=GROUPS),
)
# The contests that not everybody has.
FOR_SOME = {contest.key for contest in ROLLED if contest.groups}


def paper_for(paper: Sequence[Contest], groups: Sequence[str]) -> list[Contest]:
    """Return the contests on the paper of somebody in these groups."""
    return [contest for contest in paper if not contest.groups or set(contest.groups) & set(groups)]


@dataclass(frozen=True)
class Marking:
    """What a voter has marked in each contest of a paper, in the order of the paper."""

    marks: tuple[tuple[str, Mark], ...]

    @classmethod
    def draw(cls, paper: Sequence[Contest], chance: random.Random) -> Self:
        """Mark a paper by lot."""
        return cls(tuple((contest.key, contest.mark(chance)) for contest in paper))

    def __str__(self) -> str:
        return ";".join(f"{contest}={mark}" for contest, mark in self.marks)

    def fields(self) -> list[tuple[str, str]]:
        """Return what the form sends: a field for each choice, and an empty one for "leave blank"."""
        return [pair for contest, mark in self.marks for pair in mark.fields(contest)]

    def count_keys(self) -> Iterator[str]:
        """Yield what it raises by one each."""
        for contest, mark in self.marks:
            for key in mark.count_keys():
                yield f"{contest}:{key}"


def contest_of(count_key: str) -> str:
    """Return the contest that a count key belongs to."""
    return count_key.partition(":")[0]
