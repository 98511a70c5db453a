"""The Schulze method: a ranking; each option is compared with each other one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tabulation import pairwise, schulze
from tabulation.contest import Contest
from tabulation.outcome import Outcome

from ..base import ContestOnBallot, InvalidRules
from ..ranking import Groups, Ranked

# A rule of the ballot page alone: may two options share a rank?
EQUAL_RANKS = "equal_ranks"
ALLOWED, REFUSED = "allowed", "refused"


class Schulze(Ranked):
    rule = schulze
    label = _("Schulze: a ranking; each option is compared with each other one")

    def rule_fields(self) -> dict[str, forms.Field]:
        equals = [(ALLOWED, _("may have the same rank")), (REFUSED, _("have a rank of their own"))]
        strengths = [
            ("winning-votes", _("by the votes of the winning side")),
            ("margins", _("by the difference of the two sides")),
        ]
        return {
            EQUAL_RANKS: forms.ChoiceField(label=_("options"), choices=equals, required=False),
            "strength": forms.ChoiceField(label=_("a victory is measured"), choices=strengths, required=False),
        }

    def may_be_equal(self, contest: ContestOnBallot) -> bool:
        return bool(contest.rules.get(EQUAL_RANKS, ALLOWED) == ALLOWED)

    def check(self, contest: ContestOnBallot) -> None:
        if contest.rules.get(EQUAL_RANKS, ALLOWED) not in (ALLOWED, REFUSED):
            raise InvalidRules(_("“equal_ranks” has to be “allowed” or “refused”."))
        super().check(replace(contest, rules=_of_counting(contest.rules)))

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return pairwise.count_keys(groups, contest.keys)

    def tabulate(self, contest: Contest, counts: Mapping[str, int]) -> Outcome:
        return super().tabulate(replace(contest, rules=_of_counting(contest.rules)), counts)


def _of_counting(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules that change the count."""
    return {name: value for name, value in rules.items() if name != EQUAL_RANKS}
