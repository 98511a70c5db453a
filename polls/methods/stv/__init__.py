"""The single transferable vote: a ranking, several seats in proportion."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tabulation import stv
from tabulation.outcome import Outcome

from .. import flow, stages
from ..base import ContestOnBallot
from ..ranking import WhollyCounted
from ..telling import Teller, Told, no_votes

# The rules by name, with their sources.
VARIANTS = {
    "scottish": _("Scottish councils, weighted inclusive Gregory (SSI 2007/42)"),
    "meek": _("Meek’s method (reference rule of the PR Foundation)"),
    "minneapolis": _("Minneapolis (Code of Ordinances, chapter 167)"),
}


class SingleTransferableVote(WhollyCounted):
    rule = stv
    label = _("Single transferable vote (STV): a ranking, several seats in proportion")
    count_note = _("First choices, and their share of all ballots.")

    def rule_fields(self) -> dict[str, forms.Field]:
        variants = list(VARIANTS.items())
        return {"variant": forms.ChoiceField(label=_("Rule of transfer"), choices=variants, required=False)}

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        variant = teller.working["variant"]
        rule = f"{self.label}. {VARIANTS[variant]}"
        counted = (stages.of_meek if variant == "meek" else stages.of_transfers)(teller.working)
        if not counted:
            return teller.told(rule, [no_votes()])
        return teller.told(
            rule,
            stages.tell_transfers(teller, counted),
            figures=[flow.figure(teller, counted)],
            tables=[stages.table(teller, counted)],
            notes=stages.notes(counted),
        )
