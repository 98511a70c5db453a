"""What rules have in common that move a surplus at a fraction of its papers' value (weighted inclusive Gregory)."""

from collections.abc import Sequence

from .contest import Contest
from .papers import Papers, Transfer, droop_quota
from .rankings import RankedBallots
from .tie_breaking import Record, TieBreaker


class GregoryCount:
    """A count under way: its papers, and the record of its stages; `scale` votes are one paper."""

    def __init__(
        self, contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker, scale: int
    ) -> None:
        self._seats = contest.seats
        self._record = record
        self._breaker = breaker
        self._papers = Papers(contest.options, ballots, scale)
        self._quota = droop_quota(ballots, contest.seats) * scale

    @property
    def _left(self) -> int:
        """The seats that are not filled yet."""
        return self._seats - len(self._record.elected)

    def _reached(self) -> list[str]:
        """Return who has reached the quota, most votes first; all who are left, if they are no more than seats."""
        continuing, votes = self._record.continuing, self._papers.votes
        all_fit = len(continuing) <= self._left
        return sorted((key for key in continuing if all_fit or votes[key] >= self._quota), key=lambda key: -votes[key])

    def _end_stage(
        self, action: str, of: list[str], transfer: Transfer, elected: Sequence[str], already: Sequence[str] = ()
    ) -> None:
        """Write a stage down and elect options; `already` are those that were elected in the stage before its end."""
        record, votes = self._record, self._papers.votes
        record.rounds.append(
            {
                "action": action,
                "of": of,
                "transfers": transfer.moved,
                "lost": transfer.exhausted,
                "votes": {key: votes[key] for key in votes if votes[key] or key in record.continuing},
                "exhausted": self._papers.exhausted,
                "elected": [*already, *elected],
            }
        )
        for key in elected:
            record.elect(key)
