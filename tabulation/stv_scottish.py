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

from .canonical_json import Json
from .contest import Contest
from .papers import Papers, Transfer, droop_quota, look_back, pick_for_exclusion
from .rankings import RankedBallots
from .tie_breaking import Record, TieBreaker

SCALE = 100_000


def quota(contest: Contest, ballots: Sequence[RankedBallots]) -> int:
    """Return the votes with which an option is elected [46]."""
    return droop_quota(ballots, contest.seats) * SCALE


def count(contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
    """Count, stage by stage, until all seats are filled."""
    _Stages(contest, ballots, record, breaker).count()


class _Stages:
    def __init__(self, contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
        self._seats = contest.seats
        self._record = record
        self._breaker = breaker
        self._papers = Papers(contest.options, ballots, SCALE)
        self.quota = quota(contest, ballots)
        self._earlier: list[dict[str, int]] = []
        # Elected with a surplus that has not moved yet.
        self._surplus: list[str] = []

    def count(self) -> None:
        self._end_stage("first", [], Transfer({}, 0))
        while len(self._record.elected) < self._seats and self._record.continuing:
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
        surplus, held = votes[key] - self.quota, votes[key]
        transfer = self._papers.move([key], self._record.continuing, lambda value: value * surplus // held)
        votes[key] = self.quota
        self._surplus.remove(key)
        self._end_stage("surplus", [key], transfer)

    def _exclude(self) -> None:
        """Exclude the option with the fewest votes [50, 51]."""
        record, votes = self._record, self._papers.votes

        def tied(keys: Sequence[str]) -> str:
            return self._breaker.last(record.round_number, look_back(keys, self._earlier, highest=False))

        may_go = len(record.continuing) - (self._seats - len(record.elected))
        key = pick_for_exclusion(record.continuing, votes, may_go, tied)
        record.exclude(key)
        transfer = self._papers.move([key], record.continuing)
        votes[key] = 0
        self._end_stage("exclusion", [key], transfer)

    def _end_stage(self, action: str, of: list[str], transfer: Transfer) -> None:
        """Elect who has reached the quota [47], or all who are left [52], and write the stage down."""
        record, votes = self._record, self._papers.votes
        reached = [key for key in record.continuing if votes[key] >= self.quota]
        if len(record.continuing) <= self._seats - len(record.elected):
            reached = list(record.continuing)
        reached.sort(key=lambda key: -votes[key])
        stage: dict[str, Json] = {
            "action": action,
            "of": of,
            "transfers": transfer.moved,
            "lost": transfer.exhausted,
            "votes": {key: votes[key] for key in votes if votes[key] or key in record.continuing},
            "exhausted": self._papers.exhausted,
            "elected": reached,
        }
        for key in reached:
            record.elect(key)
        self._surplus += [key for key in reached if votes[key] > self.quota]
        record.rounds.append(stage)
        self._earlier.append(dict(votes))
