"""Plurality: one choice on each ballot; as many options with most votes as there are seats win."""

from random import Random
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tabulation import plurality
from tabulation.outcome import Outcome

from ..base import ContestOnBallot, CountedByRule, InvalidMarking
from ..telling import tell_draws


class Plurality(CountedByRule):
    rule = plurality
    label = _("Plurality: one choice, most votes win")
    on_withdrawal: str | Promise = _(
        "Votes for it are lost: a ballot names one option alone, and so nobody knows its second choice."
    )
    nothing_chosen = _("Nothing is chosen yet. Choose one option, then press “Vote”.")

    def parse(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> str:
        if not values:
            return ""
        if len(values) > 1:
            raise InvalidMarking(_("Only one option can be chosen. Choose one, then press “Vote”."))
        self.count_keys(values[0], contest)
        return values[0]

    def initial(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> list[str]:
        return values[:1]

    def count_keys(self, marking: str, contest: ContestOnBallot) -> list[str]:
        if marking not in contest.keys:
            raise InvalidMarking(_("That option is not on this ballot. Choose one of those shown."))
        return [marking]

    def invent(self, contest: ContestOnBallot, chance: Random) -> str:
        # The first options are chosen more often, so that the bars differ.
        return chance.choices(contest.keys, [1 / rank for rank in range(1, len(contest.keys) + 1)])[0]

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Any:
        return tell_draws(contest, outcome, str(self.label))
