"""The paper that people vote on here, and what a voter marks on it.

Like the ledger it knows nothing of Urna's code: it writes markings and count keys as `docs/vote-path.md` has them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

# How often a contest that may be left blank is.
BLANK = 0.3


@dataclass(frozen=True)
class Contest:
    """One question: its options, how many of them may be chosen, and whether none may be."""

    key: str
    title: str
    method: str
    options: tuple[str, ...]
    max_choices: int = 1
    may_be_blank: bool = False

    def mark(self, chance: random.Random) -> tuple[str, ...]:
        """Choose by lot; none is a blank one."""
        if self.may_be_blank and chance.random() < BLANK:
            return ()
        return tuple(sorted(chance.sample(self.options, chance.randint(1, min(self.max_choices, len(self.options))))))

    def as_json(self) -> dict[str, Any]:
        """Return the contest as a file has it that elections are imported from."""
        rules: dict[str, Any] = {"max_choices": self.max_choices} if self.method == "approval" else {}
        if self.may_be_blank:
            rules["blank"] = True
        options = [{"key": key, "label": key.title()} for key in self.options]
        return {"key": self.key, "title": self.title, "method": self.method, "rules": rules, "options": options}


PAPER = (
    Contest("q1", "What do you drink?", "plurality", ("nesquik", "cola-cao", "water")),
    Contest("q2", "And with it?", "approval", ("cake", "churros", "toast", "fruit"), max_choices=2),
    Contest("q3", "Every day?", "plurality", ("yes", "no"), may_be_blank=True),
)


@dataclass(frozen=True)
class Marking:
    """What a voter has chosen in each contest of a paper, in the order of the paper."""

    chosen: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def draw(cls, paper: Sequence[Contest], chance: random.Random) -> Self:
        """Mark a paper by lot."""
        return cls(tuple((contest.key, contest.mark(chance)) for contest in paper))

    def __str__(self) -> str:
        return ";".join(f"{contest}={','.join(options)}" for contest, options in self.chosen)

    def fields(self) -> list[tuple[str, str]]:
        """Return what the form sends: a field for each choice, and an empty one for "leave blank"."""
        return [(contest, option) for contest, options in self.chosen for option in options or ("",)]

    def count_keys(self) -> Iterator[str]:
        """Yield what it raises by one each."""
        for contest, options in self.chosen:
            for option in options or ("-blank",):
                yield f"{contest}:{option}"


def contest_of(count_key: str) -> str:
    """Return the contest that a count key belongs to."""
    return count_key.partition(":")[0]
