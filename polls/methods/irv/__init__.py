"""Instant runoff: a ranking, one seat; whoever is last leaves, until one has more than half."""

from collections.abc import Iterable
from itertools import chain

from django.utils.translation import gettext_lazy as _

from tabulation import irv, rankings
from tabulation.outcome import Outcome

from .. import flow, limits, stages
from ..base import ContestOnBallot, InvalidRules
from ..ranking import Groups, Ranked
from ..telling import Teller, Told, no_votes


class InstantRunoff(Ranked):
    rule = irv
    label = _("Instant runoff: a ranking; the last one leaves until one has more than half")

    fills_seats = False

    def check(self, contest: ContestOnBallot) -> None:
        if contest.seats != 1:
            raise InvalidRules(_("Instant runoff fills one seat. For several seats take the single transferable vote."))
        super().check(contest)
        limits.check_count_keys(contest)

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return rankings.count_keys(chain.from_iterable(groups))

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        counted = stages.of_runoffs(teller.working)
        if not counted:
            return teller.told(str(self.label), [no_votes()])
        return teller.told(
            str(self.label),
            stages.tell_runoffs(teller, counted),
            figure=flow.figure(teller, counted),
            tables=[stages.table(teller, counted)],
            notes=stages.notes(counted),
        )
