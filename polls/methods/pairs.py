"""The figure and the table of comparisons: how many ballots prefer one option to another."""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

from django.utils.translation import gettext as _

from .telling import Cell, Figure, Row, Table, Teller, write_number

# More options are neither drawn nor written: a page would grow with their square.
MOST_SHOWN = 20
# The size of a cell, and the width of the labels, in the units of the figure.
_CELL, _LABEL = 40, 180
# Characters of a label for which there is room.
_LETTERS = 18


class Square(NamedTuple):
    x: int
    y: int
    kind: str
    opacity: str
    number: str
    title: str


class Label(NamedTuple):
    """The name of an option: beside its row, with the number that stands over its column, `over` from the names on."""

    y: int
    number: int
    text: str
    over: int


class Drawn(NamedTuple):
    width: int
    height: int
    ems: str
    label_end: int
    squares: Sequence[Square]
    labels: Sequence[Label]


class Comparisons:
    """The comparisons between options in an order, of which the first ones are shown."""

    def __init__(self, teller: Teller, order: Sequence[str]) -> None:
        self._teller = teller
        self.shown = list(order)[:MOST_SHOWN]
        self.are_cut = len(order) > MOST_SHOWN
        self._places = {key: place for place, key in enumerate(teller.labels)}

    def preferring(self, one: str, other: str) -> int:
        """Return how many ballots prefer one option to another."""
        return int(self._teller.working["matrix"][self._places[one]][self._places[other]])

    def beats(self, one: str, other: str) -> bool:
        """Tell whether more ballots prefer one option to another than the other way round."""
        return self.preferring(one, other) > self.preferring(other, one)

    def figure(self) -> Figure:
        """Draw a square for each pair, stronger where more ballots prefer the option of its row."""
        labels = self._teller.labels
        most = max((self.preferring(*pair) for pair in permutations(self.shown, 2)), default=0)
        squares = []
        for row, one in enumerate(self.shown):
            for column, other in enumerate(self.shown):
                if one == other:
                    continue
                number = self.preferring(one, other)
                sentence = _("%(number)s prefer %(one)s to %(other)s")
                values = {"number": write_number(number), "one": labels[one], "other": labels[other]}
                opacity = f"{0.12 + 0.68 * number / most if most else 0.12:.2f}"
                place = (_LABEL + column * _CELL, _CELL + row * _CELL)
                squares.append(Square(*place, self._kind(one, other), opacity, write_number(number), sentence % values))
        names = [
            Label(_CELL + row * _CELL, row + 1, _cut(labels[key]), 27 + row * _CELL)
            for row, key in enumerate(self.shown)
        ]
        width, height = _LABEL + len(self.shown) * _CELL, _CELL + len(self.shown) * _CELL
        label = _("Squares: how many ballots prefer the option of a row to that of a column. The table has the same.")
        drawn = Drawn(width, height, f"{width / 16:g}", _LABEL - 8, squares, names)
        return Figure("polls/methods/_matrix.html", label, drawn)

    def table(self) -> Table:
        """Write the same in numbers."""
        labels = self._teller.labels
        rows = []
        for place, one in enumerate(self.shown, start=1):
            cells = [
                Cell("–") if one == other else Cell(write_number(self.preferring(one, other)), self._kind(one, other))
                for other in self.shown
            ]
            rows.append(Row(f"{place}. {labels[one]}", cells))
        caption = _("Ballots that prefer the option of the row to the option of the column")
        return Table(caption, [str(place) for place in range(1, len(rows) + 1)], rows)

    def notes(self) -> list[str]:
        """Say what is left out."""
        if not self.are_cut:
            return []
        return [_("The first %(number)d options are compared here; results.json has all.") % {"number": MOST_SHOWN}]

    def _kind(self, one: str, other: str) -> str:
        if self.beats(one, other):
            return "won"
        return "lost" if self.beats(other, one) else "even"


def _cut(label: str) -> str:
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
