"""STAR voting: score, then automatic runoff.

Each ballot scores each option from 0 up to a best score. The two highest totals are finalists, and the one that more
ballots score higher than the other wins: Sara Wolk, Jameson Quinn and Marcus Ogren, "STAR Voting, equality of voice,
and voter satisfaction", Constitutional Political Economy 34 (2023). An option that a ballot does not score gets 0.

Ties for the final: first the option that is preferred on more ballots, summed over the other tied ones; then the one
with more of the best score; then the draw. A tie in the final: first the higher total; then more of the best score;
then the draw. Ties at equal places are broken for each place in turn, by what is left of them.
With several seats this is repeated without those already elected, which is called Bloc STAR. No option without a
point is elected.

Count keys are `option:score` and, for each pair that a ballot scores differently, `higher>lower`. The rules are
`max_score`, the best score, from 1 to 10 (5 unless given), and `none_of_the_above`, the key of the option with this
meaning.
"""

from collections.abc import Callable, Mapping, Sequence

from . import grades
from .contest import Contest
from .grades import Distribution, read_distribution, read_max_score, total
from .most_votes import read_none_of_the_above, reason_of
from .outcome import Outcome, Reason, Standing
from .pairwise import read_matrix
from .shares import permille
from .tie_breaking import Record, TieBreaker, count_in_rounds

NAME = "star"
VERSION = 1

Preference = Callable[[str, str], int]


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("max_score", "none_of_the_above")
    read_none_of_the_above(contest)
    read_max_score(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its total of points."""
    check_rules(contest)
    best = read_max_score(contest)
    distribution = read_distribution(contest, {key: n for key, n in counts.items() if ">" not in key}, best)
    matrix = read_matrix(contest, {key: n for key, n in counts.items() if ">" in key})
    numbers = {key: number for number, key in enumerate(contest.options)}
    election = _Star(contest.seats, distribution, lambda one, other: matrix[numbers[one]][numbers[other]])
    record, elected, tie, ties = count_in_rounds(contest, NAME, election.count, keys=len(counts), ways_meet=True)
    reason = reason_of(contest, elected, tie)
    return Outcome(
        method=NAME,
        version=VERSION,
        decided=reason not in (Reason.TIE, Reason.NO_VOTES),
        reason=reason,
        winners=elected,
        ties=(tie,) if tie else (),
        base=best * contest.ballots,
        standings=tuple(
            Standing(key, points, permille(points, best * contest.ballots)) for key, points in election.totals.items()
        ),
        working={
            "ballots": contest.ballots,
            "blank": contest.blank,
            "seats": contest.seats,
            "max_score": best,
            "distribution": {key: list(given) for key, given in distribution.items()},
            "matrix": matrix,
            "rounds": record.rounds,
            **ties,
        },
    )


def count_keys(scores: Mapping[str, int], options: Sequence[str]) -> list[str]:
    """Return the count keys of a ballot that gives options these scores, and 0 to all others."""
    return grades.count_keys(scores) + [
        f"{higher}>{lower}" for higher in options for lower in options if scores.get(higher, 0) > scores.get(lower, 0)
    ]


class _Star:
    """The rounds of one count: one for each seat."""

    def __init__(self, seats: int, distribution: Distribution, preferring: Preference) -> None:
        self._seats = seats
        self._preferring = preferring
        self.totals = {key: total(given) for key, given in distribution.items()}
        self._best = {key: given[-1] for key, given in distribution.items()}

    def count(self, record: Record, breaker: TieBreaker) -> None:
        """Elect one option after the other."""
        # Options without a point can neither win nor be finalists that change something.
        for key in [key for key, points in self.totals.items() if not points]:
            record.exclude(key)
        while record.continuing and len(record.elected) < self._seats:
            if len(record.continuing) == 1:
                finalists = list(record.continuing)
            else:
                first = self._finalist(record.continuing, record.round_number, breaker)
                others = [key for key in record.continuing if key != first]
                finalists = [first, self._finalist(others, record.round_number, breaker, but=first)]
            winner = self._final(finalists, record.round_number, breaker)
            record.rounds.append(
                {
                    "finalists": finalists,
                    "preferring": [self._preferring(*finalists), self._preferring(*reversed(finalists))]
                    if len(finalists) == 2
                    else [],
                    "elected": winner,
                }
            )
            record.elect(winner)

    def _finalist(self, keys: Sequence[str], round_number: int, breaker: TieBreaker, but: str = "") -> str:
        tied = _highest(keys, self.totals.__getitem__)
        # A tie for both places is a tie of all who are equal, also of the one that has the first place already.
        rivals = [*tied, but] if but and self.totals[but] == self.totals[tied[0]] else tied
        tied = _highest(tied, lambda key: sum(self._preferring(key, rival) for rival in rivals if rival != key))
        tied = _highest(tied, self._best.__getitem__)
        return breaker.first(round_number, tied)

    def _final(self, finalists: Sequence[str], round_number: int, breaker: TieBreaker) -> str:
        tied = _highest(finalists, lambda key: sum(self._preferring(key, other) for other in finalists if other != key))
        tied = _highest(tied, self.totals.__getitem__)
        tied = _highest(tied, self._best.__getitem__)
        return breaker.first(round_number, tied)


def _highest(keys: Sequence[str], figure: Callable[[str], int]) -> list[str]:
    """Return those keys whose figure is the highest, in the order given."""
    highest = max(map(figure, keys))
    return [key for key in keys if figure(key) == highest]
