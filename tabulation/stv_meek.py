"""Single transferable vote by Meek's method.

Brian Meek, "Une nouvelle approche du scrutin transférable" (1969, 1970); I. D. Hill, B. A. Wichmann and D. R. Woodall,
"Algorithm 123: Single Transferable Vote by Meek's Method", The Computer Journal 30 (1987). The arithmetic and the end
of the iteration are those of the Reference Meek Rule of the Proportional Representation Foundation (2010).

Each elected option keeps a part of each vote, and passes on the rest to the next of the ranking, also to one that is
elected already. The parts are computed anew until the surpluses are less than a millionth of a vote. The quota falls
with the votes that can go to nobody. If nobody reaches it, the option with the fewest votes is excluded; those within
the surplus of them tie, and go to the draw.

Votes are whole numbers of 1/1000000000 here. The letters and numbers in brackets are those of the reference rule.
"""

from collections.abc import Sequence

from .contest import Contest
from .papers import pick_for_exclusion
from .rankings import RankedBallots
from .tie_breaking import Record, TieBreaker

SCALE = 1_000_000_000
OMEGA = SCALE // 1_000_000


def quota(contest: Contest, ballots: Sequence[RankedBallots]) -> None:
    """Return None: each round has a quota of its own."""


def count(contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
    """Count, round by round, until all seats are filled."""
    _Rounds(contest, ballots, record, breaker).count()


class _Rounds:
    def __init__(self, contest: Contest, ballots: Sequence[RankedBallots], record: Record, breaker: TieBreaker) -> None:
        self._options = contest.options
        self._seats = contest.seats
        self._ballots = ballots
        self._record = record
        self._breaker = breaker
        # The part that an option keeps of each vote.
        self._keep = dict.fromkeys(contest.options, SCALE)
        self._votes = dict.fromkeys(contest.options, 0)
        self._quota = 0
        self._total = sum(one.number for one in ballots) * SCALE

    @property
    def _left(self) -> int:
        return self._seats - len(self._record.elected)

    def count(self) -> None:
        """Repeat the rounds until the seats are filled or no more options are left than seats [B.1]."""
        record = self._record
        while self._left and len(record.continuing) > self._left:
            winners, surplus = self._iterate()
            if winners:
                self._write(winners, [])
                for key in winners:
                    record.elect(key)
                continue
            loser = self._loser(surplus)
            self._write([], [loser])
            record.exclude(loser)
            self._keep[loser] = 0
        if self._left and record.continuing:
            # [C.1]
            self._distribute(self._merge())
            rest = sorted(record.continuing, key=lambda key: -self._votes[key])
            self._write(rest, [])
            for key in rest:
                record.elect(key)

    def _iterate(self) -> tuple[list[str], int]:
        """Compute the votes with new parts until somebody is elected or the surplus is small [B.2].

        Return who is elected, and the total surplus.
        """
        record = self._record
        merged = self._merge()
        before: int | None = None
        while True:
            self._distribute(merged)
            winners = [key for key in record.continuing if self._votes[key] >= self._quota]
            if winners:
                return sorted(winners, key=lambda key: -self._votes[key]), 0
            surplus = max(sum(self._votes[key] - self._quota for key in record.elected), 0)
            if surplus < OMEGA or (before is not None and surplus >= before):
                return [], surplus
            before = surplus
            for key in record.elected:
                kept = _divide_up(self._keep[key] * self._quota, SCALE)
                self._keep[key] = _divide_up(kept * SCALE, self._votes[key])

    def _merge(self) -> list[RankedBallots]:
        """Return the ballots cut after their first continuing option, which keeps all; equal ones as one."""
        continuing, elected = set(self._record.continuing), set(self._record.elected)
        merged: dict[tuple[str, ...], int] = {}
        for ranking, number in self._ballots:
            cut = []
            for key in ranking:
                if key in continuing:
                    cut.append(key)
                    break
                if key in elected:
                    cut.append(key)
            merged[tuple(cut)] = merged.get(tuple(cut), 0) + number
        return [RankedBallots(*pair) for pair in merged.items()]

    def _distribute(self, merged: list[RankedBallots]) -> None:
        """Give each option its part of each ballot, and set the quota [B.2.a, B.2.b]."""
        votes = dict.fromkeys(self._options, 0)
        for ranking, number in merged:
            weight = SCALE
            for key in ranking:
                kept = _divide_up(weight * self._keep[key], SCALE)
                votes[key] += kept * number
                weight -= kept
                if weight <= 0:
                    break
        self._votes = votes
        self._quota = sum(votes.values()) // (self._seats + 1) + 1

    def _loser(self, surplus: int) -> str:
        """Return the continuing option with the fewest votes [B.3, T]."""
        record = self._record
        # Who is within the surplus of the fewest counts as equal to it.
        fewest = min(self._votes[key] for key in record.continuing)
        near = {key: fewest if self._votes[key] <= fewest + surplus else self._votes[key] for key in record.continuing}
        return pick_for_exclusion(
            record.continuing,
            near,
            len(record.continuing) - self._left,
            lambda tied: self._breaker.last(record.round_number, tied),
        )

    def _write(self, elected: list[str], excluded: list[str]) -> None:
        record = self._record
        shown = [key for key in self._options if key in record.continuing or key in record.elected]
        votes = {key: self._votes[key] for key in shown}
        record.rounds.append(
            {
                "action": "exclusion" if excluded else "election",
                "of": excluded,
                "votes": votes,
                "exhausted": self._total - sum(votes.values()),
                "quota": self._quota,
                "keep": {key: self._keep[key] for key in record.elected},
                "elected": elected,
            }
        )


def _divide_up(number: int, by: int) -> int:
    return -(-number // by)
