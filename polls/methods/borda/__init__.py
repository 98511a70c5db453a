"""The Borda count: a ranking; each place gives points."""

from collections.abc import Iterable
from itertools import chain

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import borda
from tabulation.outcome import Outcome

from .. import distribution
from ..base import ContestOnBallot
from ..ranking import Groups, Ranked
from ..telling import Teller, Told, no_votes, write_number


class Borda(Ranked):
    rule = borda
    label = gettext_lazy("Borda: a ranking, points for each place")
    count_note = gettext_lazy("Points, and their share of the most that all ballots could give.")

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return borda.count_keys(list(chain.from_iterable(groups)))

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        points = {one.key: one.count for one in outcome.standings}
        places = teller.working["places"]
        if not any(map(any, places.values())):
            return teller.told(str(self.label), [no_votes()])
        order = sorted(points, key=lambda key: -points[key])
        words = [_("place %(number)d") % {"number": number} for number in range(1, len(points) + 1)]
        told = [
            _("A first place gives %(best)d points, each place after it one less, and an option that is left out none.")
            % {"best": len(points)},
            _("The points: %(points)s.")
            % {"points": "; ".join(f"{teller.labels[key]} {write_number(points[key])}" for key in order)},
        ]
        sums = {_("points"): {key: write_number(number) for key, number in points.items()}}
        caption = _("Points, and how many ballots gave which place")
        return teller.told(
            str(self.label),
            told,
            figures=distribution.figure(teller, places, words, order),
            tables=[distribution.table(teller, caption, places, words, order, sums)],
        )
