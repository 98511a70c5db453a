"""Instant runoff: a ranking, one seat; whoever is last leaves, until one has more than half."""

from django.utils.translation import gettext_lazy as _

from tabulation import irv
from tabulation.outcome import Outcome

from .. import flow, stages
from ..base import ContestOnBallot, InvalidRules
from ..ranking import WhollyCounted
from ..telling import Teller, Told, no_votes


class InstantRunoff(WhollyCounted):
    rule = irv
    label = _("Instant runoff: a ranking; the last one leaves until one has more than half")
    count_note = _("First choices, and their share of all ballots.")
    fills_seats = False

    def check(self, contest: ContestOnBallot) -> None:
        if contest.seats != 1:
            raise InvalidRules(_("Instant runoff fills one seat. For several seats take the single transferable vote."))
        super().check(contest)

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        counted = stages.of_runoffs(teller.working)
        if not counted:
            return teller.told(str(self.label), [no_votes()])
        return teller.told(
            str(self.label),
            stages.tell_runoffs(teller, counted),
            figures=[flow.figure(teller, counted)],
            tables=[stages.table(teller, counted)],
            notes=stages.notes(counted),
        )
