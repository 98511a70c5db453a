"""Single transferable vote as Scottish councils count it, by the weighted inclusive Gregory method.

The Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1, rules 45 to 52, and the same rules in the
Order of 2011 (SSI 2011/399). The quota is the whole part of papers / (seats + 1), and one more. A surplus moves all
papers of its option, each at surplus * value / votes, cut after five decimal places. What is cut off is lost. The
largest surplus moves first; without one, the option with the fewest votes is excluded, and its papers move at their
value. Ties look back to the last stage at which the votes differed; if there was none, the draw decides. If several
have the fewest votes there, the stages before decide between these, which the rules leave open.

Votes are whole numbers of 1/100000 here. Numbers in brackets are those of the rules.
"""

from collections.abc import Sequence

from .contest import Contest
from .gregory import GregoryCount
from .papers import Transfer, droop_quota, look_back, pick_for_exclusion
from .rankings import RankedBallots
from .tie_breaking import Record, TieBreaker

SCALE = 100_000


def quota(contest: Contest, ballots: Sequence[RankedBallots]) -> int:
    """Return the votes with which an option is elected [46]."""
    return droop_quota(ballots, contest.seats) * SCALE


def count(contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
    """Count, stage by stage, until all seats are filled."""
    _Stages(contest, ballots, record, breaker, SCALE).count()


class _Stages(GregoryCount):
    def __init__(
        self, contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker, scale: int
    ) -> None:
        super().__init__(contest, ballots, record, breaker, scale)
        self._earlier: list[dict[str, int]] = []
        # Elected with a surplus that has not moved yet.
        self._surplus: list[str] = []

    def count(self) -> None:
        self._end("first", [], Transfer({}, 0))
        while self._left and self._record.continuing:
            if self._surplus:
                self._move_surplus()
            else:
                self._exclude()

    def _move_surplus(self) -> None:
        """Move the largest surplus [48, 49]."""
        votes = self._papers.votes
        most = max(votes[key] for key in self._surplus)
        tied = look_back([key for key in self._surplus if votes[key] == most], self._earlier, highest=True)
        key = self._breaker.first(self._record.round_number, tied)
        surplus, held = votes[key] - self._quota, votes[key]
        transfer = self._papers.move([key], self._record.continuing, lambda value: value * surplus // held)
        votes[key] = self._quota
        self._surplus.remove(key)
        self._end("surplus", [key], transfer)

    def _exclude(self) -> None:
        """Exclude the option with the fewest votes [50, 51]."""
        record, votes = self._record, self._papers.votes

        def tied(keys: Sequence[str]) -> str:
            return self._breaker.last(record.round_number, look_back(keys, self._earlier, highest=False))

        may_go = len(record.continuing) - self._left
        key = pick_for_exclusion(record.continuing, votes, may_go, tied)
        record.exclude(key)
        transfer = self._papers.move([key], record.continuing)
        votes[key] = 0
        self._end("exclusion", [key], transfer)

    def _end(self, action: str, of: list[str], transfer: Transfer) -> None:
        """Elect who has reached the quota [47], or all who are left [52]."""
        reached, votes = self._reached(), self._papers.votes
        self._end_stage(action, of, transfer, reached)
        self._surplus += [key for key in reached if votes[key] > self._quota]
        self._earlier.append(dict(votes))
