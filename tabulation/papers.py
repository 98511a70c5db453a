"""Ballot papers in piles, as a count by hand has them: each lies with the option for which it counts now.

All numbers of votes are whole: `whole` is what a paper is worth that has not been transferred with a surplus.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from .rankings import RankedBallots


class Transfer(NamedTuple):
    """The votes that went from one pile to each other one, and those that could go to none."""

    moved: dict[str, int]
    exhausted: int


class Papers:
    """The papers of a count; `votes` is what each option has now, `exhausted` what counts for none any more."""

    def __init__(self, options: Sequence[str], ballots: Sequence[RankedBallots], whole: int) -> None:
        self._ballots = ballots
        self._values = [whole] * len(ballots)
        self._places = [0] * len(ballots)
        self._piles: dict[str, list[int]] = {key: [] for key in options}
        self.votes = dict.fromkeys(options, 0)
        self.exhausted = 0
        for number, (ranking, count) in enumerate(ballots):
            self._piles[ranking[0]].append(number)
            self.votes[ranking[0]] += whole * count

    def move(
        self, keys: Collection[str], continuing: Collection[str], revalue: Callable[[int], int] | None = None
    ) -> Transfer:
        """Move the piles of some options on, each paper to its next continuing option.

        `revalue` makes the new value of a paper from the value that it had. The votes of the options stay as they are:
        they are the caller's to set.
        """
        continuing = set(continuing)
        moved = dict.fromkeys((key for key in self._piles if key in continuing), 0)
        exhausted = 0
        for key in keys:
            pile, self._piles[key] = self._piles[key], []
            for number in pile:
                ranking, count = self._ballots[number]
                if revalue:
                    self._values[number] = revalue(self._values[number])
                place = self._places[number] + 1
                while place < len(ranking) and ranking[place] not in continuing:
                    place += 1
                self._places[number] = place
                votes = self._values[number] * count
                if place < len(ranking):
                    moved[ranking[place]] += votes
                    self._piles[ranking[place]].append(number)
                else:
                    exhausted += votes
        for key, votes in moved.items():
            self.votes[key] += votes
        self.exhausted += exhausted
        return Transfer({key: votes for key, votes in moved.items() if votes}, exhausted)


def droop_quota(ballots: Sequence[RankedBallots], seats: int) -> int:
    """Return the smallest whole number of papers that no more options than seats can have each."""
    return sum(one.number for one in ballots) // (seats + 1) + 1


def look_back(keys: Sequence[str], earlier: Sequence[dict[str, int]], *, highest: bool) -> list[str]:
    """Return those of some options with equal votes that had the most, or the fewest, when they last were unequal.

    `earlier` are the votes of each option after each earlier round, the first round first. If several had as many, the
    rounds before decide between them.
    """
    left = list(keys)
    for votes in reversed(earlier):
        wanted = (max if highest else min)(votes[key] for key in left)
        left = [key for key in left if votes[key] == wanted]
    return left


def pick_for_exclusion(
    candidates: Sequence[str], votes: dict[str, int], may_go: int, tied: Callable[[Sequence[str]], str]
) -> str:
    """Return which of the continuing options is excluded, of whom `may_go` have to go before the seats are filled.

    `tied` chooses among several with the fewest votes. It is not asked where all of these have none and all will go:
    nothing is transferred from them, so that their order has no effect.
    """
    fewest = min(votes[key] for key in candidates)
    lowest = [key for key in candidates if votes[key] == fewest]
    if len(lowest) == 1 or (fewest == 0 and len(lowest) <= may_go):
        return lowest[-1]
    return tied(lowest)
