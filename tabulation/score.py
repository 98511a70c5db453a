"""Score voting: each ballot scores each option from 0 up to a best score; the highest total wins.

Also called range voting: Warren D. Smith, "Range Voting" (2000); Claude Hillinger, "The Case for Utilitarian Voting",
Homo Oeconomicus 23 (2005). An option that a ballot does not score gets 0 from it. With several seats the highest totals
fill them. Equal totals at the last seat tie, and go to the draw.

Count keys are `option:score`. Rules are `max_score`, the best score, from 1 to 10 (5 unless given), and
`none_of_the_above`, the key of the option with this meaning.
"""

from collections.abc import Mapping

from . import grades
from .contest import Contest
from .grades import read_distribution, read_max_score, total
from .most_votes import elect
from .outcome import Outcome

NAME = "score"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    grades.check_rules(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its total of points."""
    check_rules(contest)
    best = read_max_score(contest)
    distribution = read_distribution(contest, counts, best)
    return elect(
        contest,
        {key: total(given) for key, given in distribution.items()},
        method=NAME,
        version=VERSION,
        most=best,
        working={"max_score": best, "distribution": {key: list(given) for key, given in distribution.items()}},
    )
