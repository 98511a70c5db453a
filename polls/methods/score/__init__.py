"""Score voting: each option gets a score; the highest total wins."""

from django.utils.translation import gettext_lazy as _

from tabulation import score

from ..grading import Graded


class Score(Graded):
    rule = score
    label = _("Score: a score for each option, highest total wins")
