"""Plurality: one choice on each ballot, most votes win.

With one seat this is first past the post: Representation of the People Act 1983 (UK), Schedule 1, rules 49 and 50;
Robert's Rules of Order (12th ed.), section 44, "plurality vote". With several seats it is the single non-transferable
vote: still one choice on each ballot. A tie at the last seat is not resolved.

Count keys are the options. The only rule is `none_of_the_above`, the key of the option with this meaning.
"""

from collections.abc import Mapping

from .contest import Contest
from .counts import votes_by_option
from .most_votes import elect
from .outcome import Outcome
from .seats import read_none_of_the_above

NAME = "plurality"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("none_of_the_above")
    read_none_of_the_above(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts."""
    check_rules(contest)
    return elect(contest, votes_by_option(contest, counts, choices=1), method=NAME, version=VERSION)
