"""Majority judgment: each option gets a grade in words; the best median wins."""

from collections.abc import Iterator, Mapping

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tabulation import majority_judgment
from tabulation.outcome import Outcome

from .. import distribution
from ..base import ContestOnBallot, InvalidRules
from ..grading import Grade, Graded
from ..telling import Teller, Told, no_votes, write_number


class MajorityJudgment(Graded):
    rule = majority_judgment
    label = gettext_lazy("Majority judgment: a grade in words for each option, best median wins")
    count_note = gettext_lazy("The median grade of each option, from 0 (To reject) to 5 (Excellent).")
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

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        grades = self.choices(contest)
        words = {grade.number: str(grade.word) for grade in grades}
        order = [key for level in teller.working["ranking"] for key in level]
        if not order:
            return teller.told(str(self.label), [no_votes()])
        medians = teller.working["medians"]
        given = {key: list(reversed(numbers)) for key, numbers in teller.working["distribution"].items()}
        caption = _("Median grades, and how many ballots gave which grade")
        table = distribution.table(
            teller,
            caption,
            given,
            list(words.values()),
            order,
            {_("median"): {key: words[median] for key, median in medians.items()}},
        )
        return teller.told(
            str(self.label),
            _tell_medians(teller, medians, words),
            figures=distribution.figure(teller, given, list(words.values()), order, middle=True),
            tables=[table],
            notes=distribution.notes(order),
        )


def _tell_medians(teller: Teller, medians: Mapping[str, int], words: Mapping[int, str]) -> Iterator[str]:
    told = _("%(place)d. %(option)s: the median grade is “%(grade)s”; %(number)s gave this grade or a better one.")
    for place, level in enumerate(teller.working["ranking"], start=1):
        for key in level:
            values = {"place": place, "option": teller.labels[key], "grade": words[medians[key]]}
            at_least = sum(teller.working["distribution"][key][medians[key] :])
            yield told % (values | {"number": write_number(at_least)})
    if len(set(medians.values())) < len(medians):
        yield _(
            "Of options with the same median one median grade is taken away from each, again and again, until their "
            "medians differ."
        )
