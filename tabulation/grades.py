"""Counts of grades and scores: how many ballots give each option which whole number.

Count keys are `option:number`, as in `ana:5`. A ballot need not grade each option.
"""

from collections.abc import Mapping

from .contest import NO_NUMBER, Contest, InvalidContest, is_whole
from .counts import InvalidCounts, require_number
from .seats import read_none_of_the_above

# The largest number that a ballot can give.
LARGEST = 10

# For each option in ballot order, how many ballots give it 0, 1, 2 and so on.
Distribution = dict[str, list[int]]


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest in which options are graded or scored; raises InvalidContest."""
    contest.require_rules_among("max_score", "none_of_the_above")
    read_none_of_the_above(contest)
    read_max_score(contest)


def read_max_score(contest: Contest) -> int:
    """Return the best score of a contest, 5 unless its rules say otherwise; raises InvalidContest."""
    best = contest.rules.get("max_score", 5)
    if not is_whole(best) or not 1 <= best <= LARGEST:
        raise InvalidContest(NO_NUMBER, name="max_score", value=repr(best), most=LARGEST)
    return best


def read_distribution(contest: Contest, counts: Mapping[str, int], best: int) -> Distribution:
    """Return how often each option was given which number from 0 to `best`; raises InvalidCounts."""
    distribution: Distribution = {key: [0] * (best + 1) for key in contest.options}
    for key, count in counts.items():
        option, colon, number = key.rpartition(":")
        if not colon or option not in distribution or number not in map(str, range(best + 1)):
            raise InvalidCounts(f"{key!r} is no score of an option of this contest, from 0 to {best}")
        require_number(key, count)
        distribution[option][int(number)] = count
    for option, given in distribution.items():
        if sum(given) > contest.marked:
            raise InvalidCounts(f"{contest.marked} marked ballots cannot give {sum(given)} scores to {option}")
    return distribution


def count_keys(grades: Mapping[str, int]) -> list[str]:
    """Return the count keys of a ballot that gives options these numbers."""
    return [f"{key}:{number}" for key, number in grades.items()]


def total(given: list[int]) -> int:
    """Return the sum of the numbers that an option was given."""
    return sum(number * count for number, count in enumerate(given))
