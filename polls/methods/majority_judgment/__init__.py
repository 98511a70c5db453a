"""Majority judgment: each option gets a grade in words; the best median wins."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tabulation import majority_judgment

from ..base import ContestOnBallot, InvalidRules
from ..grading import Grade, Graded


class MajorityJudgment(Graded):
    rule = majority_judgment
    label = gettext_lazy("Majority judgment: a grade in words for each option, best median wins")
    nothing_chosen = gettext_lazy("Nothing is graded yet. Give at least one option a grade, then press “Vote”.")

    def rule_fields(self) -> dict[str, forms.Field]:
        return {}

    def choices(self, contest: ContestOnBallot) -> list[Grade]:
        return [
            Grade(5, pgettext("grade", "Excellent")),
            Grade(4, pgettext("grade", "Very good")),
            Grade(3, pgettext("grade", "Good")),
            Grade(2, pgettext("grade", "Fair")),
            Grade(1, pgettext("grade", "Poor")),
            Grade(0, pgettext("grade", "To reject")),
        ]

    def left_out(self) -> str:
        return _("without a grade, which counts as “To reject”: %(options)s")

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        if contest.rules.get("max_score", 5) != 5:
            raise InvalidRules(_("Majority judgment has its six grades. Leave “max_score” out."))
