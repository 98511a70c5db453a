"""The figure of rounds in which one option after the other is elected: bars for each round, the elected one marked."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from .telling import Figure

# Of more rounds the last ones are drawn, and of more bars in a round the longest.
MOST_ROUNDS, MOST_BARS = 12, 8


class Bar(NamedTuple):
    """A bar of a round: what it is for, its number as it is written, its share of all ballots, and its kind."""

    label: str
    number: str
    share: float
    # A word for the style sheet: "elected", "lost", or "even" for ballots that are on no side.
    kind: str

    @property
    def width(self) -> str:
        """Return the width in percent, for SVG."""
        return f"{100 * self.share:.3f}%"


class Round(NamedTuple):
    name: str
    bars: Sequence[Bar]


def figure(rounds: Iterable[tuple[str, Iterable[Bar]]]) -> Figure:
    """Draw rounds by their names, each with its bars."""
    drawn = [Round(name, _longest(bars)) for name, bars in rounds][-MOST_ROUNDS:]
    return Figure("polls/methods/_rounds.html", _("Bars: each round, and who was elected in it."), drawn)


def notes(rounds: int) -> list[str]:
    """Say what the figure leaves out."""
    if rounds <= MOST_ROUNDS:
        return []
    return [_("The figure has the last %(number)d rounds; the table has all.") % {"number": MOST_ROUNDS}]


def _longest(bars: Iterable[Bar]) -> list[Bar]:
    """Return the longest bars in their order, the elected one among them."""
    all_bars = list(bars)
    longest = sorted(all_bars, key=lambda bar: (bar.kind != "elected", -bar.share))[:MOST_BARS]
    return [bar for bar in all_bars if bar in longest]
