"""The figure and the table of how often each option was given which number: scores, grades or places."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from .telling import Cell, Figure, Row, Table, Teller, write_number

# A bar of more parts than these cannot be read.
MOST_LEVELS = 11
# Of more options the first ones are drawn and written.
MOST_SHOWN = 100


class Part(NamedTuple):
    """A part of a bar: where it begins and how wide it is, in percent, for SVG; and how strong its colour is."""

    x: str
    width: str
    opacity: str
    title: str


class Bar(NamedTuple):
    label: str
    parts: Sequence[Part]


class Legend(NamedTuple):
    word: str
    opacity: str


class Drawn(NamedTuple):
    legend: Sequence[Legend]
    bars: Sequence[Bar]
    # Whether the middle of each bar is marked, where the median is.
    has_middle: bool


def figure(
    teller: Teller,
    given: Mapping[str, Sequence[int]],
    words: Sequence[str],
    order: Sequence[str],
    *,
    middle: bool = False,
) -> list[Figure]:
    """Draw a bar for each option, whose parts are the ballots that gave it a number, from the best one on.

    `words` are those of the numbers, the best first, as the lists in `given` have them.
    """
    if len(words) > MOST_LEVELS:
        return []
    strengths = [f"{1 - 0.88 * place / max(len(words) - 1, 1):.2f}" for place in range(len(words))]
    marked = teller.working["ballots"] - teller.working["blank"]
    bars = []
    for key in order[:MOST_SHOWN]:
        parts, start = [], 0
        for word, strength, number in zip(words, strengths, given[key], strict=True):
            if number:
                title = f"{teller.labels[key]}, {word}: {write_number(number)}"
                parts.append(Part(_percent(start, marked), _percent(number, marked), strength, title))
            start += number
        bars.append(Bar(teller.labels[key], parts))
    legend = [Legend(word, strength) for word, strength in zip(words, strengths, strict=True)]
    label = _("Bars: how many ballots gave each option which mark, the best on the left.")
    return [Figure("polls/methods/_distribution.html", label, Drawn(legend, bars, middle))]


def table(
    teller: Teller,
    caption: str,
    given: Mapping[str, Sequence[int]],
    words: Sequence[str],
    order: Sequence[str],
    extra: Mapping[str, Mapping[str, str]],
) -> Table:
    """Write the same in numbers; `extra` are further columns by their heading, each with a text for each option."""
    rows = []
    for key in order[:MOST_SHOWN]:
        cells = [Cell(column[key], "sum") for column in extra.values()]
        rows.append(Row(teller.labels[key], cells + [Cell(write_number(number)) for number in given[key]]))
    return Table(caption, [*extra, *words], rows)


def notes(order: Sequence[str]) -> list[str]:
    """Say what figure and table leave out."""
    if len(order) <= MOST_SHOWN:
        return []
    return [_("Figure and table have the first %(number)d options; results.json has all.") % {"number": MOST_SHOWN}]


def _percent(number: int, whole: int) -> str:
    return f"{100 * number / whole:.3f}%"
