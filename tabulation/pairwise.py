"""Pairwise counts: how many ballots prefer one option to another.

Count keys are `a>b`. A ballot adds one to each pair of options of which it prefers the first; options that it ranks
equal, or does not rank, add nothing for each other.
"""

from collections.abc import Iterable, Mapping

from .contest import Contest
from .counts import InvalidCounts, require_number

# Preferences by (row, column), the numbers of the options in ballot order: how many ballots prefer row to column.
Matrix = list[list[int]]


def read_matrix(contest: Contest, counts: Mapping[str, int]) -> Matrix:
    """Return the preferences between all options; raises InvalidCounts."""
    numbers = {key: number for number, key in enumerate(contest.options)}
    matrix = [[0] * len(numbers) for _ in numbers]
    for key, count in counts.items():
        first, sign, second = key.partition(">")
        if not sign or first not in numbers or second not in numbers or first == second:
            raise InvalidCounts(f"{key!r} is no pair of two options of this contest")
        require_number(key, count)
        matrix[numbers[first]][numbers[second]] = count
    for row, first in enumerate(contest.options):
        for column, second in enumerate(contest.options[:row]):
            together = matrix[row][column] + matrix[column][row]
            if together > contest.marked:
                raise InvalidCounts(
                    f"{contest.marked} marked ballots cannot prefer {first} or {second} {together} times"
                )
    return matrix


def count_keys(groups: Iterable[Iterable[str]], options: Iterable[str]) -> list[str]:
    """Return the count keys of a ranking: `groups` of equals, the best first, and below them all that it leaves out."""
    ranks = {key: rank for rank, group in enumerate(groups) for key in group}
    lowest = len(ranks)
    placed = [(key, ranks.get(key, lowest)) for key in options]
    return [f"{first}>{second}" for first, rank in placed for second, other in placed if rank < other]
