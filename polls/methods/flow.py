"""The figure of a count that transfers votes: a column of bars for each stage, and ribbons for what moves between."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from . import stages as counted
from .stages import Stage
from .telling import Figure, Teller

# In the units of the figure: all votes together, the space between bars, a bar, from column to column, above them.
_HEIGHT, _SPACE, _BAR, _COLUMN, _TOP = 320, 8, 12, 168, 28
# A bar has its name beside it if it is so high.
_LOWEST_NAMED = 13
# Characters of a name for which there is room.
_LETTERS = 13
_DECIMALS = 2
# Votes that count for nobody any more are drawn like an option, the last one.
_NOBODY = ""


class Block(NamedTuple):
    x: float
    y: float
    height: float
    kind: str
    name: str
    votes: str
    title: str


class Ribbon(NamedTuple):
    path: str
    kind: str


class Heading(NamedTuple):
    x: int
    text: str


class Drawn(NamedTuple):
    width: int
    height: int
    ems: str
    bar: int
    headings: Sequence[Heading]
    blocks: Sequence[Block]
    ribbons: Sequence[Ribbon]


class _Column(NamedTuple):
    """The upper ends of the bars of one stage, and their heights."""

    tops: dict[str, float]
    heights: dict[str, float]


def figure(teller: Teller, stages: Sequence[Stage]) -> Figure:
    """Draw the stages of a count."""
    stages = counted.shown(stages)
    whole = max((sum(stage.votes.values()) + stage.exhausted for stage in stages), default=0) or 1
    kinds = {key: f"colour-{number % 6 + 1}" for number, key in enumerate(teller.labels)} | {_NOBODY: "nobody"}
    columns = [_stack(stage, list(kinds), _HEIGHT / whole) for stage in stages]
    blocks, ribbons = [], []
    elected: set[str] = set()
    for place, (stage, column) in enumerate(zip(stages, columns, strict=True)):
        x = place * _COLUMN
        elected.update(stage.elected)
        for key, height in column.heights.items():
            votes = stage.votes[key] if key else stage.exhausted
            name = teller.labels[key] if key else _("nobody")
            written = f"{'✓ ' if key in elected else ''}{_cut(name)}" if height >= _LOWEST_NAMED else ""
            short = teller.number(votes, decimals=_DECIMALS)
            title = f"{name}: {teller.number(votes)}"
            blocks.append(Block(x, column.tops[key], height, kinds[key], written, short, title))
        if place:
            ribbons += _ribbons(columns[place - 1], column, stage, x, _HEIGHT / whole, kinds)
    headings = [
        Heading(place * _COLUMN, _("Round %(number)d") % {"number": stage.number}) for place, stage in enumerate(stages)
    ]
    width = max(len(stages), 1) * _COLUMN
    height = _TOP + _HEIGHT + _SPACE * max((len(column.heights) for column in columns), default=0)
    label = _("Bars: the votes of each option round by round, and where they went. The table has the numbers.")
    return Figure(
        "polls/methods/_flow.html", label, Drawn(width, height, f"{width / 16:g}", _BAR, headings, blocks, ribbons)
    )


def _stack(stage: Stage, order: Sequence[str], scale: float) -> _Column:
    votes = {**stage.votes, _NOBODY: stage.exhausted}
    tops: dict[str, float] = {}
    heights: dict[str, float] = {}
    y = float(_TOP)
    for key in order:
        if votes.get(key):
            tops[key], heights[key] = round(y, 2), round(votes[key] * scale, 2)
            y += heights[key] + _SPACE
    return _Column(tops, heights)


def _ribbons(
    before: _Column, after: _Column, stage: Stage, x: float, scale: float, kinds: Mapping[str, str]
) -> list[Ribbon]:
    """Draw what stays with its option, and what one option gave to others; from several nobody knows who gave what."""
    ribbons = []
    arrived = dict.fromkeys(after.tops, 0.0)
    left: dict[str, float] = {}
    moved = {key: votes * scale for key, votes in {**(stage.moved or {}), _NOBODY: stage.lost}.items()}
    for key, top in before.tops.items():
        stays = min(before.heights[key], after.heights.get(key, 0) - (moved.get(key, 0) if key not in stage.of else 0))
        left[key] = arrived[key] = max(stays, 0) if key in after.tops else 0
        if left[key] > 0:
            ribbons.append(_ribbon(x, top, after.tops[key], left[key], kinds[key]))
    if len(stage.of) == 1 and stage.of[0] in before.tops:
        [giver] = stage.of
        for key, height in moved.items():
            if height > 0 and key in after.tops:
                from_y, to_y = before.tops[giver] + left[giver], after.tops[key] + arrived.get(key, 0)
                ribbons.append(_ribbon(x, from_y, to_y, height, kinds[giver]))
                left[giver] += height
    return ribbons


def _ribbon(x: float, from_y: float, to_y: float, height: float, kind: str) -> Ribbon:
    start, end = x - _COLUMN + _BAR, x
    middle = (start + end) / 2
    down, under = from_y + height, to_y + height
    path = (
        f"M{start:g} {from_y:.1f}C{middle:g} {from_y:.1f} {middle:g} {to_y:.1f} {end:g} {to_y:.1f}"
        f"V{under:.1f}C{middle:g} {under:.1f} {middle:g} {down:.1f} {start:g} {down:.1f}Z"
    )
    return Ribbon(path, kind)


def _cut(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
