"""Approval: any number of choices on each ballot, or up to a limit; most approvals win.

Steven J. Brams and Peter C. Fishburn, "Approval Voting", American Political Science Review 72 (1978), pages 831 to 847.
With several seats the options of most approvals fill them: D. Marc Kilgour, "Approval Balloting for Multi-winner
Elections", in Laslier and Sanver (eds.), Handbook on Approval Voting (2010). A tie at the last seat is not resolved.

Count keys are the options. Rules are `max_choices`, the most choices on one ballot, `min_choices`, the fewest (only the
ballot page checks it), and `none_of_the_above`, the key of the option with this meaning.
"""

from collections.abc import Mapping

from .contest import Contest, InvalidContest, is_whole
from .counts import votes_by_option
from .most_votes import elect
from .outcome import Outcome
from .seats import read_none_of_the_above
from .sentences import gettext_noop as _

NAME = "approval"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("max_choices", "min_choices", "none_of_the_above")
    read_none_of_the_above(contest)
    _read_max_choices(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts."""
    check_rules(contest)
    votes = votes_by_option(contest, counts, choices=_read_max_choices(contest))
    return elect(contest, votes, method=NAME, version=VERSION)


def _read_max_choices(contest: Contest) -> int | None:
    most = contest.rules.get("max_choices")
    if most is not None and not (is_whole(most) and most > 0):
        raise InvalidContest(
            _("max_choices is %(most)s, and has to be a whole number from 1 on, or left out"), most=repr(most)
        )
    return most
