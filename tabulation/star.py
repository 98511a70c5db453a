"""STAR voting: score, then automatic runoff.

Each ballot scores each option from 0 up to a best score. The two highest totals are finalists, and the one that more
ballots score higher than the other wins: Sara Wolk, Jameson Quinn and Marcus Ogren, "STAR Voting, equality of voice,
and voter satisfaction", Constitutional Political Economy 34 (2023). An option that a ballot does not score gets 0.

Ties for the final: first the option that is preferred on more ballots, summed over the other tied ones; then the one
with more of the best score; then the draw. A tie in the final: first the higher total; then more of the best score;
then the draw. With several seats this is repeated without those already elected, which is called Bloc STAR. No option
without a point is elected.

Count keys are `option:score` and, for each pair that a ballot scores differently, `higher>lower`. The rules are
`max_score`, the best score, from 1 to 10 (5 unless given), and `none_of_the_above`, the key of the option with this
meaning.
"""

from collections.abc import Callable, Mapping, Sequence

from . import grades
from .contest import Contest
from .grades import Distribution, read_distribution, read_max_score, total
from .outcome import Outcome
from .pairwise import read_matrix
from .seats import conclude
from .tie_breaking import Record, TieBreaker, count_in_rounds

NAME = "star"
VERSION = 1

FINALISTS = 2

Preference = Callable[[str, str], int]


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    grades.check_rules(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its total of points."""
    check_rules(contest)
    best = read_max_score(contest)
    distribution = read_distribution(contest, {key: n for key, n in counts.items() if ">" not in key}, best)
    matrix = read_matrix(contest, {key: n for key, n in counts.items() if ">" in key})
    numbers = {key: number for number, key in enumerate(contest.options)}
    election = _Star(contest.seats, distribution, lambda one, other: matrix[numbers[one]][numbers[other]])
    record, seating, ties = count_in_rounds(contest, NAME, election.count, keys=len(counts), ways_meet=True)
    return conclude(
        contest,
        seating,
        method=NAME,
        version=VERSION,
        figures=election.totals,
        base=best * contest.ballots,
        working={
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
            # Where all who are left get a seat, their order has no effect.
            matters = len(record.continuing) > self._seats - len(record.elected)

            def first(tied: Sequence[str], matters: bool = matters) -> str:
                return breaker.first(record.round_number, tied, matters=matters)

            finalists = self._finalists(record.continuing, first)
            winner = self._final(finalists, first)
            preferring = list(self._preferred_among(finalists).values())
            record.rounds.append({"finalists": list(finalists), "preferring": preferring, "elected": winner})
            record.elect(winner)

    def _finalists(self, keys: Sequence[str], first: Callable[[Sequence[str]], str]) -> list[str]:
        """Return the two options with the highest totals, or the only one that is left; `first` breaks ties."""
        chosen: list[str] = []
        tied = list(keys)
        for figure in (self._total, self._preferred_among, self._best_scores):
            figures = figure(tied)
            for value in sorted(set(figures.values()), reverse=True):
                equal = [key for key in tied if figures[key] == value]
                if len(chosen) + len(equal) > FINALISTS:
                    tied = equal
                    break
                chosen += equal
            else:
                return chosen
            if len(chosen) == FINALISTS:
                return chosen
        while len(chosen) < FINALISTS:
            chosen.append(first([key for key in tied if key not in chosen]))
        return chosen

    def _final(self, finalists: Sequence[str], first: Callable[[Sequence[str]], str]) -> str:
        """Return the finalist that more ballots prefer; `first` breaks a tie."""
        tied = list(finalists)
        for figure in (self._preferred_among, self._total, self._best_scores):
            figures = figure(tied)
            tied = [key for key in tied if figures[key] == max(figures.values())]
        return first(tied)

    def _total(self, keys: Sequence[str]) -> dict[str, int]:
        return {key: self.totals[key] for key in keys}

    def _preferred_among(self, keys: Sequence[str]) -> dict[str, int]:
        return {key: sum(self._preferring(key, other) for other in keys if other != key) for key in keys}

    def _best_scores(self, keys: Sequence[str]) -> dict[str, int]:
        return {key: self._best[key] for key in keys}
