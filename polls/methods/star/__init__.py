"""STAR voting: each option gets a score; the two highest totals meet in a runoff."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from tabulation import star

from .. import limits
from ..base import ContestOnBallot
from ..grading import Graded


class Star(Graded):
    rule = star
    label = _("STAR: a score for each option, then a runoff of the two highest")

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_number(contest)

    def count(self, given: Mapping[str, int], contest: ContestOnBallot) -> Iterable[str]:
        return star.count_keys(given, contest.keys)
