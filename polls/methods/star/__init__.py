"""STAR voting: each option gets a score; the two highest totals meet in a runoff."""

from collections.abc import Iterable, Iterator, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import star
from tabulation.outcome import Outcome

from .. import limits, rounds, scores
from ..base import ContestOnBallot
from ..grading import Graded
from ..pairs import Comparisons
from ..telling import Cell, Row, Table, Teller, Told, no_votes, write_number


class Star(Graded):
    rule = star
    label = gettext_lazy("STAR: a score for each option, then a runoff of the two highest")
    count_note = gettext_lazy("Points, and their share of the most that all ballots could give.")

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_number(contest)

    def count(self, given: Mapping[str, int], contest: ContestOnBallot) -> Iterable[str]:
        return star.count_keys(given, contest.keys)

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        totals = {one.key: one.count for one in outcome.standings}
        if not any(totals.values()):
            return teller.told(str(self.label), [no_votes()])
        order = scores.order_by(totals)
        comparisons = Comparisons(teller, order)
        runoffs = teller.working["rounds"]
        told = [_("The totals: %(totals)s.") % {"totals": scores.tell_totals(teller, totals, order)}]
        return scores.tell(
            teller,
            str(self.label),
            [*told, *_tell_runoffs(teller)],
            totals,
            order,
            figures=[rounds.figure(_draw_runoffs(teller))],
            tables=[_runoff_table(teller), comparisons.table()],
            notes=[*rounds.notes(len(runoffs)), *comparisons.notes()],
        )


def _draw_runoffs(teller: Teller) -> Iterator[tuple[str, list[rounds.Bar]]]:
    """Draw the ballots for each finalist, and those for neither of them."""
    marked = teller.working["ballots"] - teller.working["blank"]
    for number, this in enumerate(teller.working["rounds"], start=1):
        bars = [
            rounds.Bar(teller.labels[key], write_number(votes), votes / marked, "elected" * (key == this["elected"]))
            for key, votes in zip(this["finalists"], this["preferring"], strict=True)
        ]
        equal = marked - sum(this["preferring"])
        bars.append(rounds.Bar(_("scored equal"), write_number(equal), equal / marked, "even"))
        yield _("Runoff %(number)d") % {"number": number}, bars


def _runoff_table(teller: Teller) -> Table:
    """Write the finalists of each runoff, each with its total and the ballots that score it higher."""
    totals = {one.key: one.count for one in teller.outcome.standings}
    rows = []
    for number, this in enumerate(teller.working["rounds"], start=1):
        for key, votes in zip(this["finalists"], this["preferring"], strict=True):
            kind = "elected" if key == this["elected"] else ""
            cells = [Cell(teller.labels[key], kind), Cell(write_number(totals[key])), Cell(write_number(votes))]
            rows.append(Row(_("Runoff %(number)d") % {"number": number}, cells))
    head = [_("finalist"), _("total"), _("scored higher by")]
    return Table(_("The runoffs: how many ballots score each finalist higher than the other"), head, rows)


def _tell_runoffs(teller: Teller) -> Iterator[str]:
    for number, this in enumerate(teller.working["rounds"], start=1):
        values = {"number": number, "winner": teller.labels[this["elected"]]}
        if len(this["finalists"]) < 2:
            yield _("Runoff %(number)d: only %(winner)s was left with points, and is elected.") % values
            continue
        (first, second), (higher, lower) = this["finalists"], this["preferring"]
        values |= {
            "first": teller.labels[first],
            "second": teller.labels[second],
            "for_first": write_number(higher),
            "for_second": write_number(lower),
        }
        told = _(
            "Runoff %(number)d: %(first)s against %(second)s. %(for_first)s scored %(first)s higher, %(for_second)s "
            "scored %(second)s higher."
        )
        if higher == lower:
            end = _("Both are equal: the higher total decides, then more of the best score. %(winner)s is elected.")
        else:
            end = _("%(winner)s is elected.")
        yield f"{told % values} {end % values}"
