"""What the methods have in common that grade options: score voting, STAR and majority judgment.

A form has a field with a whole number for each option. A marking has them in ballot order, as in `ana:5,bea:0`; an
option that is left out counts as the lowest number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import grades

from . import option_fields
from .base import ContestOnBallot, CountedByRule, InvalidMarking


class Grade(NamedTuple):
    """A number that a ballot can give, and the word for it."""

    number: int
    word: str | Promise


@dataclass(frozen=True)
class GradesShown:
    """Grades as a form shows them: the number of each option that has one."""

    given: Mapping[str, int]
    contest: ContestOnBallot
    # In the order in which they can be chosen.
    choices: Sequence[Grade]
    # What it means that an option is left out.
    left_out: str

    @property
    def worst(self) -> str | Promise:
        return min(self.choices).word

    @property
    def best(self) -> str | Promise:
        return max(self.choices).word

    @property
    def left_for_script(self) -> str:
        """Return `left_out` with the place for the options as the script of the page has it."""
        return self.left_out % {"options": "{options}"}

    @cached_property
    def summary(self) -> str:
        """Say the grades in words, as the script of the page does; empty where nothing is graded."""
        words = dict(self.choices)
        labels = option_fields.labels_of(self.contest)
        if not self.given:
            return ""
        graded = ", ".join(f"{label}: {words[self.given[key]]}" for key, label in labels.items() if key in self.given)
        left = ", ".join(label for key, label in labels.items() if key not in self.given)
        return f"{graded}; {self.left_out % {'options': left}}." if left else f"{graded}."


class Graded(CountedByRule):
    """A method whose ballots give options whole numbers; `rule` is its module in `tabulation`."""

    label: str | Promise
    nothing_chosen = gettext_lazy("Nothing is scored yet. Give at least one option a score, then press “Vote”.")

    def rule_fields(self) -> dict[str, forms.Field]:
        scales = [(5, _("0 to 5")), (10, _("0 to 10"))]
        return {
            "max_score": forms.TypedChoiceField(
                label=gettext_lazy("Scores"), choices=scales, coerce=int, empty_value=None, required=False
            )
        }

    def choices(self, contest: ContestOnBallot) -> list[Grade]:
        """Return what an option can be given, in the order in which it is shown."""
        best = int(contest.rules.get("max_score", 5))
        return [Grade(number, str(number)) for number in range(best + 1)]

    def left_out(self) -> str:
        """Return what it means that options are left out, for the summary of a ballot."""
        return _("without a score, which counts as 0: %(options)s")

    def parse(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> str:
        given = option_fields.read(values, form, contest)
        known = self._known(contest)
        for key, text in given.items():
            if text not in known:
                raise InvalidMarking(
                    _("“%(text)s” is no score for %(option)s. Choose one of those shown.")
                    % {"text": option_fields.shorten(text), "option": option_fields.labels_of(contest)[key]}
                )
        return ",".join(f"{key}:{text}" for key, text in given.items())

    def initial(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> GradesShown:
        given = option_fields.read_again(form, contest, self._known(contest))
        return GradesShown(given, contest, self.choices(contest), self.left_out())

    def count_keys(self, marking: str, contest: ContestOnBallot) -> Iterable[str]:
        known = self._known(contest)
        parts = [part.partition(":") for part in marking.split(",")]
        keys = [key for key, _colon, _text in parts]
        given = {key: known[text] for key, _colon, text in parts if key in contest.keys and text in known}
        if keys != [key for key in contest.keys if key in given]:
            raise InvalidMarking(_("The scores are not those of this ballot in canonical order."))
        return self.count(given, contest)

    def count(self, given: Mapping[str, int], contest: ContestOnBallot) -> Iterable[str]:
        """Return the count keys of a ballot."""
        return grades.count_keys(given)

    def invent(self, contest: ContestOnBallot, chance: Random) -> str:
        best = max(self.choices(contest)).number
        # The first options are liked better, so that the result is no tie.
        liking = [1 - place / len(contest.keys) / 2 for place in range(len(contest.keys))]
        drawn = (min(max(round(best * chance.gauss(one, 0.3)), 0), best) for one in liking)
        return ",".join(f"{key}:{number}" for key, number in zip(contest.keys, drawn, strict=True))

    def _known(self, contest: ContestOnBallot) -> dict[str, int]:
        return {str(grade.number): grade.number for grade in self.choices(contest)}
