"""The single transferable vote: a ranking, several seats in proportion."""

from collections.abc import Iterable
from itertools import chain

from django import forms
from django.utils.translation import gettext_lazy as _

from tabulation import rankings, stv

from .. import limits
from ..base import ContestOnBallot
from ..ranking import Groups, Ranked


class SingleTransferableVote(Ranked):
    rule = stv
    label = _("Single transferable vote (STV): a ranking, several seats in proportion")

    def rule_fields(self) -> dict[str, forms.Field]:
        variants = [
            ("scottish", _("Scottish councils, weighted inclusive Gregory (SSI 2007/42)")),
            ("meek", _("Meek’s method (reference rule of the PR Foundation)")),
            ("minneapolis", _("Minneapolis (Code of Ordinances, chapter 167)")),
        ]
        return {"variant": forms.ChoiceField(label=_("rule of transfer"), choices=variants, required=False)}

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_count_keys(contest)

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return rankings.count_keys(chain.from_iterable(groups))
