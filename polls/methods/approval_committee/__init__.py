"""Committees by approval: marked like an approval contest; the seats are filled in proportion."""

from collections.abc import Iterator
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import approval_committee
from tabulation.outcome import Outcome

from .. import limits, rounds
from ..approval import Approval
from ..base import ContestOnBallot
from ..telling import Cell, Row, Table, Teller, Told, no_votes, write_number


class ApprovalCommittee(Approval):
    """Marked like an approval contest; what is counted are whole sets of options."""

    rule = approval_committee
    label = gettext_lazy("Committee by approval: any number of choices, seats in proportion")

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_count_keys(contest, contest.rules.get("max_choices"))

    def count_keys(self, marking: str, contest: ContestOnBallot) -> list[str]:
        return approval_committee.count_keys(super().count_keys(marking, contest), contest.keys)

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        seats = teller.working["rounds"]
        if not seats:
            return teller.told(str(self.label), [no_votes()])
        elected: set[str] = set()
        cells: dict[str, list[Cell]] = {key: [] for key in teller.labels}
        for this in seats:
            elected.add(this["elected"])
            for key, written in cells.items():
                kind = "elected" if key in elected else ""
                written.append(Cell(_write(this["sums"][key]) if key in this["sums"] else "", kind))
        rows = [Row(teller.labels[key], written) for key, written in cells.items()]
        head = [_("seat %(number)d") % {"number": number} for number in range(1, len(seats) + 1)]
        table = Table(_("Approvals for each seat, less those of ballots that have elected somebody"), head, rows)
        return teller.told(
            str(self.label),
            _tell_seats(teller),
            figures=[rounds.figure(_draw_seats(teller))],
            tables=[table],
            notes=rounds.notes(len(seats)),
        )


def _draw_seats(teller: Teller) -> Iterator[tuple[str, list[rounds.Bar]]]:
    """Draw the sums of each seat, the highest first."""
    marked = teller.working["ballots"] - teller.working["blank"]
    for number, this in enumerate(teller.working["rounds"], start=1):
        sums = {key: Fraction(total) for key, total in this["sums"].items()}
        bars = [
            rounds.Bar(
                teller.labels[key],
                _write(this["sums"][key]),
                float(total / marked),
                "elected" * (key == this["elected"]),
            )
            for key, total in sorted(sums.items(), key=lambda pair: (pair[0] != this["elected"], -pair[1]))
        ]
        yield _("Seat %(number)d") % {"number": number}, bars


def _tell_seats(teller: Teller) -> Iterator[str]:
    for number, this in enumerate(teller.working["rounds"], start=1):
        winner = this["elected"]
        values = {"number": number, "option": teller.labels[winner], "sum": _write(this["sums"][winner])}
        if number == 1:
            yield _("Seat 1: %(option)s had the most approvals, %(sum)s.") % values
        else:
            yield _("Seat %(number)d: %(option)s had the highest sum, %(sum)s.") % values
    if len(teller.working["rounds"]) > 1:
        yield _(
            "A ballot that has elected one of its options counts a half for the others, one that has elected two a "
            "third, and so on."
        )


def _write(total: int | str) -> str:
    """Write an exact sum, which may be a fraction such as 7/2, as a decimal number that is cut off."""
    exact = Fraction(total)
    return write_number(exact.numerator, exact.denominator)
