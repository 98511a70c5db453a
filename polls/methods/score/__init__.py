"""Score voting: each option gets a score; the highest total wins."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import score
from tabulation.outcome import Outcome

from .. import scores
from ..base import ContestOnBallot
from ..grading import Graded
from ..telling import Teller, Told, no_votes


class Score(Graded):
    rule = score
    label = gettext_lazy("Score: a score for each option, highest total wins")
    count_note = gettext_lazy("Points, and their share of the most that all ballots could give.")

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        totals = {one.key: one.count for one in outcome.standings}
        if not any(totals.values()):
            return teller.told(str(self.label), [no_votes()])
        order = scores.order_by(totals)
        sentence = _("The totals: %(totals)s. The highest one wins.")
        if contest.seats > 1:
            sentence = _("The totals: %(totals)s. The highest ones win.")
        told = [sentence % {"totals": scores.tell_totals(teller, totals, order)}]
        return scores.tell(teller, str(self.label), told, totals, order)
