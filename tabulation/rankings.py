"""Rankings as ballots have them, and the counts of them.

Count keys are whole rankings, the best first, as in `ana>bea>carlo`. An option that is left out is not ranked.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .contest import Contest
from .counts import InvalidCounts, require_number


class RankedBallots(NamedTuple):
    """Equal ballots: their ranking, the best option first, and how many they are."""

    ranking: tuple[str, ...]
    number: int


def count_keys(ranking: Iterable[str]) -> list[str]:
    """Return the count key of a ranking, the best option first."""
    return [">".join(ranking)]


def first_preferences(contest: Contest, ballots: Iterable[RankedBallots]) -> dict[str, int]:
    """Return how many ballots rank each option first, in ballot order."""
    first = dict.fromkeys(contest.options, 0)
    for ranking, number in ballots:
        first[ranking[0]] += number
    return first


def read_rankings(contest: Contest, counts: Mapping[str, int]) -> list[RankedBallots]:
    """Return the rankings that were counted, in a fixed order; raises InvalidCounts."""
    # All rankings share the texts of the contest: of 100,000 rankings of 20 options each has its own otherwise, 100 MB.
    shared = {key: key for key in contest.options}
    ballots = []
    total = 0
    for key in sorted(counts):
        count = counts[key]
        try:
            ranking = tuple(map(shared.__getitem__, key.split(">")))
        except KeyError:
            ranking = ()
        if not ranking or len(set(ranking)) < len(ranking):
            raise InvalidCounts(f"{key!r} is no ranking of options of this contest, each once at most")
        require_number(key, count)
        total += count
        if count:
            ballots.append(RankedBallots(ranking, count))
    if total > contest.marked:
        raise InvalidCounts(f"{contest.marked} marked ballots cannot be {total} rankings")
    return ballots
