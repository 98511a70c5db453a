"""Single transferable vote as Minneapolis counts it for several seats.

Minneapolis Code of Ordinances, chapter 167 (as amended in 2015), sections 167.20 and 167.70. The threshold is the whole
part of ballots / (seats + 1), and one more. In each round all options that cannot be elected any more are defeated
together; if there are none, the option with the largest surplus is elected, and the surplus moves; if there is none,
the option with the fewest votes is defeated. The fraction of a surplus, and each value of a ballot, are cut after four
decimal places. Ties are resolved by lot, which is the draw here. Options that have the threshold and are not yet
elected go on receiving votes.

Votes are whole numbers of 1/10000 here. The letters in brackets are those of section 167.70 (c) (1).
"""

import itertools
from collections.abc import Sequence

from .contest import Contest
from .gregory import GregoryCount
from .papers import Transfer, droop_quota, pick_for_exclusion
from .rankings import RankedBallots
from .tie_breaking import Record, TieBreaker

SCALE = 10_000


def quota(contest: Contest, ballots: Sequence[RankedBallots]) -> int:
    """Return the votes with which an option is elected."""
    return droop_quota(ballots, contest.seats) * SCALE


def count(contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
    """Count, round by round, until all seats are filled."""
    _Rounds(contest, ballots, record, breaker, SCALE).count()


class _Rounds(GregoryCount):
    def count(self) -> None:
        """Repeat the clauses until the seats are filled [f]."""
        record, votes = self._record, self._papers.votes
        action = "first"
        of: list[str] = []
        transfer = Transfer({}, 0)
        while True:
            reached = self._reached()
            # [a]
            ends = len(reached) >= self._left
            self._end_stage(action, of, transfer, reached if ends else [], of if action == "surplus" else ())
            if ends:
                return
            if losers := self._certain_losers():
                action, of, transfer = "exclusion", losers, self._defeat(losers)
            elif reached:
                key = self._breaker.first(record.round_number, _most(reached, votes))
                action, of, transfer = "surplus", [key], self._elect(key)
            else:
                key = pick_for_exclusion(
                    record.continuing,
                    votes,
                    len(record.continuing) - self._left,
                    lambda tied: self._breaker.last(record.round_number, tied),
                )
                action, of, transfer = "exclusion", [key], self._defeat([key])

    def _certain_losers(self) -> list[str]:
        """Return all options for whom it is mathematically impossible to be elected [c]."""
        record, votes = self._record, self._papers.votes
        surplus = sum(max(votes[key] - self._quota, 0) for key in record.continuing)
        ordered = sorted(record.continuing, key=lambda key: votes[key])
        losers: list[str] = []
        reachable = surplus
        for number, (key, following) in enumerate(itertools.pairwise(ordered), start=1):
            if number > len(ordered) - self._left:
                break
            reachable += votes[key]
            if reachable < votes[following]:
                losers = ordered[:number]
        return [key for key in record.continuing if key in losers]

    def _elect(self, key: str) -> Transfer:
        """Elect an option and move its surplus [d]."""
        votes = self._papers.votes
        self._record.elect(key)
        fraction = (votes[key] - self._quota) * SCALE // votes[key]
        transfer = self._papers.move([key], self._record.continuing, lambda value: value * fraction // SCALE)
        votes[key] = self._quota
        return transfer

    def _defeat(self, keys: list[str]) -> Transfer:
        """Defeat options and move their votes, unless that fills the seats: then they keep their votes [c, e]."""
        record, votes = self._record, self._papers.votes
        for key in keys:
            record.exclude(key)
        if len(record.continuing) <= self._left:
            return Transfer({}, 0)
        transfer = self._papers.move(keys, record.continuing)
        votes.update(dict.fromkeys(keys, 0))
        return transfer


def _most(keys: Sequence[str], votes: dict[str, int]) -> list[str]:
    most = max(votes[key] for key in keys)
    return [key for key in keys if votes[key] == most]
