"""Majority judgment: each ballot gives each option a grade; the best median grade wins.

Michel Balinski and Rida Laraki, "A theory of measuring, electing, and ranking", Proceedings of the National Academy of
Sciences 104 (2007), and "Majority Judgment" (2011). Of an even number of grades the median is the lower one of the two
in the middle. An option that a ballot does not grade has the lowest grade from it. Of options with the same median one
median grade is taken away from each, and the medians are compared again, until they differ (the majority-ranking).
Options with the same grades tie, and go to the draw. With several seats the first of the majority-ranking fill them.

Count keys are `option:grade`, 0 for the lowest grade. Rules are `max_score`, the best grade, from 1 to 10 (5 unless
given: six grades), and `none_of_the_above`, the key of the option with this meaning.
"""

from collections.abc import Mapping
from itertools import accumulate, groupby

from . import grades
from .contest import Contest
from .grades import Distribution, read_distribution, read_max_score
from .outcome import Outcome
from .seats import conclude, seat
from .tie_breaking import TieBreaker
from .ties import Group

NAME = "majority-judgment"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    grades.check_rules(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its median grade."""
    check_rules(contest)
    best = read_max_score(contest)
    distribution = read_distribution(contest, counts, best)
    graded = {key: [given[0] + contest.marked - sum(given), *given[1:]] for key, given in distribution.items()}
    middle = max(contest.marked - 1, 0) // 2
    medians = {key: _grade_at(middle, given) if contest.marked else 0 for key, given in graded.items()}
    values = _majority_values(graded) if contest.marked else {}
    ranked = sorted(values, key=values.__getitem__, reverse=True)
    groups = [Group(0, tuple(keys)) for _, keys in groupby(ranked, key=values.__getitem__)]
    breaker = TieBreaker(contest, NAME)
    # Nobody is elected to whom all ballots give the lowest grade.
    chosen = [group for group in groups if sum(graded[group.keys[0]][1:])]
    return conclude(
        contest,
        seat(chosen, contest.seats, breaker),
        method=NAME,
        version=VERSION,
        figures=medians,
        base=None,
        working={
            "max_score": best,
            "distribution": {key: list(given) for key, given in graded.items()},
            "medians": dict(medians),
            "ranking": [list(group.keys) for group in groups],
            **breaker.working,
        },
    )


def _majority_values(graded: Distribution) -> dict[str, list[int]]:
    """Return values that compare as the sequences of medians do, of options that have equally many grades.

    If one median after the other is taken away, they come from the middle outwards, in turn from below and above. The
    sequence changes only where one of its sides reaches another grade: it is enough to look at these places, of all
    options.
    """
    number = sum(next(iter(graded.values())))
    # Places count from 0, the lowest grade. An odd number begins with the place in the middle alone.
    middle = [number // 2] if number % 2 else []
    lower, upper = number // 2 - 1, (number + 1) // 2
    steps = {0} if lower >= 0 else set()
    for given in graded.values():
        for edge in accumulate(given):
            # The grade changes between the places edge - 1 and edge.
            steps.update(step for step in (lower - edge + 1, edge - upper) if 0 <= step <= lower)
    places = [*middle, *(place for step in sorted(steps) for place in (lower - step, upper + step))]
    return {key: [_grade_at(place, given) for place in places] for key, given in graded.items()}


def _grade_at(place: int, grades: list[int]) -> int:
    """Return the grade at a place in the order of grades, 0 for the place of the lowest one."""
    return next(grade for grade, end in enumerate(accumulate(grades)) if place < end)
