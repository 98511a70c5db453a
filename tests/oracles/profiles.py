"""Random ballots, and their counts for a rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from tabulation.contest import Contest

NAMES = "abcdefg"

Ballot = TypeVar("Ballot")


@dataclass(frozen=True)
class Profile(Generic[Ballot]):
    """An election: its options, its seats, and its ballots, each with how often it was cast."""

    options: tuple[str, ...]
    seats: int
    ballots: Sequence[tuple[Ballot, int]]

    @property
    def cast(self) -> int:
        return sum(number for _, number in self.ballots)

    @property
    def singly(self) -> Iterable[Ballot]:
        """Yield each ballot as often as it was cast."""
        for ballot, number in self.ballots:
            for _ in range(number):
                yield ballot

    def contest(self, **rules: str | int) -> Contest:
        return Contest(self.options, seats=self.seats, rules=rules, ballots=self.cast)

    def count(self, count_keys: Callable[[Ballot], Iterable[str]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for ballot, number in self.ballots:
            for key in count_keys(ballot):
                counts[key] += number
        return counts


def rankings(chance: Random, *, seats: bool = False, complete: bool = False) -> Profile[tuple[str, ...]]:
    """Return up to 14 different rankings of two to seven options; `complete` ones leave no option out."""
    options = _options(chance)
    ballots = []
    for _ in range(chance.randint(1, 14)):
        length = len(options) if complete else chance.randint(1, len(options))
        ballots.append((tuple(chance.sample(options, length)), chance.randint(1, 9)))
    return Profile(options, _seats(chance, options, seats), ballots)


def scores(chance: Random, *, seats: bool = False, best: int = 5) -> Profile[Mapping[str, int]]:
    """Return up to 12 ballots that score each option."""
    options = _options(chance)
    ballots = [
        ({key: chance.randint(0, best) for key in options}, chance.randint(1, 6)) for _ in range(chance.randint(1, 12))
    ]
    return Profile(options, _seats(chance, options, seats), ballots)


def approvals(chance: Random) -> Profile[frozenset[str]]:
    """Return up to nine ballots that each approve of an option or more."""
    options = _options(chance)
    drawn = [frozenset(key for key in options if chance.random() < 0.45) for _ in range(chance.randint(1, 9))]
    # Nobody approves of nothing: that is a blank ballot.
    ballots = [(one or frozenset(options[:1]), chance.randint(1, 5)) for one in drawn]
    return Profile(options, _seats(chance, options, True), ballots)


def _options(chance: Random) -> tuple[str, ...]:
    return tuple(NAMES[: chance.randint(2, len(NAMES))])


def _seats(chance: Random, options: Sequence[str], several: bool) -> int:
    return chance.randint(1, len(options) - 1) if several else 1
