"""The Schulze method: who is strongest along the chains of victories between options.

Markus Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election
method", Social Choice and Welfare 36 (2011), pages 267 to 303; section 2.3.1 has the algorithm. A victory of a over b
is as strong as the ballots that prefer a to b are many, and of victories with as many that one is stronger against
which fewer ballots are ("winning votes"); `strength` of the rules may say `margins`: the ballots for it less those
against it. A chain is as strong as its weakest victory. An option beats another if its strongest chain to it is
stronger than the strongest chain back.

The order is made of levels: on the first are the options that nobody beats, on the next those that only they beat, and
so on. Seats are filled level by level; a level with more options than seats left is a tie, and goes to the draw.

Count keys are pairs, as in `ana>bea`. Rules are `strength`, and `none_of_the_above`, the key of the option with this
meaning.
"""

from collections.abc import Mapping

from .contest import NOT_AMONG, Contest, InvalidContest
from .outcome import Outcome
from .pairwise import Matrix, read_matrix
from .seats import conclude, read_none_of_the_above, seat
from .tie_breaking import TieBreaker
from .ties import Group

NAME = "schulze"
VERSION = 1

STRENGTHS = ("winning-votes", "margins")


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("strength", "none_of_the_above")
    read_none_of_the_above(contest)
    if contest.rules.get("strength", STRENGTHS[0]) not in STRENGTHS:
        raise InvalidContest(
            NOT_AMONG, name="strength", value=repr(contest.rules["strength"]), known=", ".join(STRENGTHS)
        )


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is how many others it beats."""
    check_rules(contest)
    matrix = read_matrix(contest, counts)
    kind = contest.rules.get("strength", STRENGTHS[0])
    paths = _strongest_paths(_victories(matrix, contest.marked, margins=kind == "margins"))
    beaten = [
        [column for column, back in enumerate(row) if back > paths[column][number]] for number, row in enumerate(paths)
    ]
    groups = [Group(0, tuple(contest.options[number] for number in level)) for level in _levels(beaten)]
    breaker = TieBreaker(contest, NAME)
    # Without a preference on any ballot all options are equal, and nobody has chosen one.
    return conclude(
        contest,
        seat(groups if any(map(any, matrix)) else [], contest.seats, breaker),
        method=NAME,
        version=VERSION,
        figures={key: len(others) for key, others in zip(contest.options, beaten, strict=True)},
        base=None,
        working={
            "strength": kind,
            "matrix": matrix,
            "paths": paths
            if kind == "margins"
            else [[_support(path, contest.marked) for path in row] for row in paths],
            "ranking": [list(group.keys) for group in groups],
            **breaker.working,
        },
    )


def _victories(matrix: Matrix, marked: int, *, margins: bool) -> Matrix:
    """Return how strong the victory of row over column is, 0 where there is none.

    With winning votes that is one number for both: support first, and by it the opposition, which is never more than
    the ballots that are marked.
    """
    numbers = range(len(matrix))

    def strength(row: int, column: int) -> int:
        support, opposition = matrix[row][column], matrix[column][row]
        if support <= opposition:
            return 0
        return support - opposition if margins else support * (marked + 1) - opposition

    return [[strength(row, column) for column in numbers] for row in numbers]


def _support(strength: int, marked: int) -> int:
    """Return the support of a victory, whose strength `_victories` has made of it."""
    return -(-strength // (marked + 1))


def _strongest_paths(victories: Matrix) -> Matrix:
    """Return how strong the strongest chain of victories from row to column is (by Floyd and Warshall)."""
    paths = [list(row) for row in victories]
    for through, onward in enumerate(paths):
        for row, path in enumerate(paths):
            first = path[through]
            if row == through or not first:
                continue
            for column, rest in enumerate(onward):
                strength = first if first < rest else rest
                if strength > path[column]:
                    path[column] = strength
    for number, path in enumerate(paths):
        path[number] = 0
    return paths


def _levels(beaten: list[list[int]]) -> list[list[int]]:
    """Return the options by levels: first those that no option beats, then those that only earlier ones beat."""
    left = list(range(len(beaten)))
    levels = []
    while left:
        losers = {loser for number in left for loser in beaten[number]}
        level = [number for number in left if number not in losers]
        levels.append(level)
        left = [number for number in left if number in losers]
    return levels
