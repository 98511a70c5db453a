"""One election in the list of results: who is ahead in its first question."""

from dataclasses import dataclass
from typing import Self

from tally.contests_shown import ContestShown, StandingShown

from .snapshot import Snapshot

MOST_OPTIONS = 4


@dataclass(frozen=True)
class Card:
    """An election with the options of most votes in its first contest, MOST_OPTIONS at most.

    While its result is withheld there is no contest. `cut` is how many options are left out although they
    have as many votes as the last one shown.
    """

    snapshot: Snapshot
    first: ContestShown | None
    ahead: list[StandingShown]
    cut: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        if snapshot.withheld:
            return cls(snapshot, None, [], 0)
        first = snapshot.contests[0]
        ranked = sorted(first.options, key=lambda option: -option.count)
        ahead, others = ranked[:MOST_OPTIONS], ranked[MOST_OPTIONS:]
        cut = sum(option.count == ahead[-1].count for option in others)
        return cls(snapshot, first, ahead, cut)
