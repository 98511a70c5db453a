"""Approval: any number of choices on each ballot (or between limits); most approvals win.

A marking lists the approved keys in alphabetical order, separated by commas, so that equal ballots are equal text.
"""

from random import Random
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tabulation import approval
from tabulation.contest import is_whole
from tabulation.outcome import Outcome

from ..base import ContestOnBallot, CountedByRule, InvalidMarking, InvalidRules
from ..telling import tell_draws


class Approval(CountedByRule):
    rule = approval
    label = _("Approval: any number of choices, most approvals win")
    count_note = _("Share of the ballots that chose each option. One ballot can choose several.")
    nothing_chosen = _("Nothing is chosen yet. Choose at least one option, then press “Vote”.")

    def rule_fields(self) -> dict[str, forms.Field]:
        return {
            "min_choices": forms.IntegerField(label=_("Fewest choices on one ballot"), min_value=1, required=False),
            "max_choices": forms.IntegerField(label=_("Most choices on one ballot"), min_value=1, required=False),
        }

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        least, most = contest.rules.get("min_choices"), contest.rules.get("max_choices")
        if least is not None and not (is_whole(least) and 1 <= least <= min(most or least, len(contest.options))):
            raise InvalidRules(
                _("The least number of choices has to be from 1 to the largest number that can be chosen.")
            )

    def parse(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> str:
        if not values:
            return ""
        self._check(values, contest)
        return ",".join(sorted(values))

    def initial(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> list[str]:
        return values

    def count_keys(self, marking: str, contest: ContestOnBallot) -> list[str]:
        keys = marking.split(",")
        self._check(keys, contest)
        if keys != sorted(keys):
            raise InvalidMarking(_("The choices are not in canonical order."))
        return keys

    @staticmethod
    def _check(keys: list[str], contest: ContestOnBallot) -> None:
        if not set(keys) <= set(contest.keys):
            raise InvalidMarking(_("One of the choices is not on this ballot. Choose among those shown."))
        if len(set(keys)) < len(keys):
            raise InvalidMarking(_("An option is chosen twice. Choose each at most once."))
        most, least = contest.rules.get("max_choices"), contest.rules.get("min_choices")
        if most is not None and len(keys) > most:
            raise InvalidMarking(
                ngettext(
                    "At most %(max)d option can be chosen. Take some away, then press “Vote”.",
                    "At most %(max)d options can be chosen. Take some away, then press “Vote”.",
                    most,
                )
                % {"max": most}
            )
        if least is not None and len(keys) < least:
            raise InvalidMarking(
                ngettext(
                    "At least %(min)d option has to be chosen. Add some, then press “Vote”.",
                    "At least %(min)d options have to be chosen. Add some, then press “Vote”.",
                    least,
                )
                % {"min": least}
            )

    def invent(self, contest: ContestOnBallot, chance: Random) -> str:
        least = contest.rules.get("min_choices") or 1
        most = contest.rules.get("max_choices") or len(contest.keys)
        return ",".join(sorted(chance.sample(contest.keys, chance.randint(least, most))))

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Any:
        return tell_draws(contest, outcome, str(self.label))
