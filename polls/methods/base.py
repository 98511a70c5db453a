"""What a voting method has to offer, and the values that pass between it and the rest.

Plurality and approval count options; a score method would count `key:score`, a ranked one whole rankings
(`a>b>c`). All are sums of the same kind, so that counting and storing need not know which method it is.
How counts become an outcome is in `tabulation`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, Self

from django.http import QueryDict
from django.utils.functional import Promise

from tabulation.outcome import Outcome


class InvalidMarking(ValueError):
    """A ballot that its method cannot accept; the message tells the voter what to do."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class OptionOnBallot:
    key: str
    label: str


@dataclass(frozen=True)
class BallotPaper:
    """What is printed on the ballot, as far as a method is concerned."""

    options: tuple[OptionOnBallot, ...]
    max_choices: int | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(option.key for option in self.options)


@dataclass(frozen=True)
class Standing:
    """One option in a result: `count` in votes, and its share of what the method divides by.

    `share` is from 0 to 1, as exact as a float is, for programs; `permille` is what pages show of it, 0 to 1000. Both
    are None where the method gives the option no share.
    """

    key: str
    label: str
    count: int
    share: float | None
    permille: int | None


@dataclass(frozen=True)
class Result:
    """A result: the options in ballot order, the keys that win (several on a tie), and what the method adds."""

    options: Sequence[Standing]
    winners: Sequence[str]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: Outcome, paper: BallotPaper) -> Self:
        """Put the labels of the ballot to an outcome; who ties at the last seat is among the winners here."""
        labels = {option.key: option.label for option in paper.options}
        standings = []
        for one in outcome.standings:
            share = None if one.permille is None else one.count / (outcome.base or 1)
            standings.append(Standing(one.key, labels[one.key], one.count, share, one.permille))
        tied = [key for tie in outcome.ties for key in tie.keys]
        return cls(standings, [*outcome.winners, *tied])


class VotingMethod(Protocol):
    """How a ballot is marked, what is counted, and how counts become a result."""

    @property
    def name(self) -> str:
        """The name in definitions, and of the folder."""

    @property
    def label(self) -> str | Promise:
        """What an organiser chooses it by."""

    def parse(self, form: QueryDict, paper: BallotPaper) -> str:
        """Turn a submitted form into a marking in canonical form; raises InvalidMarking."""

    def initial(self, form: QueryDict) -> Any:
        """Return what the ballot template needs to show a submitted form filled in; never raises."""

    def count_keys(self, marking: str, paper: BallotPaper) -> Iterable[str]:
        """Return the count keys that this marking raises by one each; raises InvalidMarking."""

    def result(self, counts: Mapping[str, int], ballots: int, paper: BallotPaper) -> Result:
        """Compute the result of `counts` (count key -> votes) from `ballots` counted ballots."""
