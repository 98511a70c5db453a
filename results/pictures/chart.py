"""The results of an election as a chart: bars with counts and shares, for a page, a slide or a report."""

import zoneinfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pages.templatetags.display import COUNTED, percent, stage, standing, standing_word, whole
from tally.contests_shown import ContestShown, StandingShown

from ..snapshot import Snapshot
from . import fonts, svg

WIDTH, _EDGE = 800, 28
# Of many options and questions a part is drawn, and how many more there are is said.
MOST_ROWS, FEWEST_ROWS, MOST_CONTESTS = 20, 3, 12
_ROW, _BAR = 50, 16
# The words of the dashboard.
STAGES = {
    "scheduled": gettext_lazy("Not open yet"),
    "open": gettext_lazy("Voting is open"),
    "counting": gettext_lazy("Closed, counting…"),
    "final": gettext_lazy("Final result"),
    "cancelled": gettext_lazy("Cancelled"),
}


def draw(snapshot: Snapshot, prepare: svg.Prepare) -> str:
    """Draw the results that show; they must show."""
    inner = WIDTH - 2 * _EDGE
    title = prepare(snapshot.paper.title)
    lines = fonts.wrap(title, 28, inner, 3, bold=True)
    parts = [svg.text(line, _EDGE, 44 + 34 * at, 28, bold=True) for at, line in enumerate(lines)]
    y = 44.0 + 34 * len(lines)
    parts.append(svg.text(prepare(_describe(snapshot)), _EDGE, y, 17, soft=True))
    y += 20
    drawn = snapshot.contests[:MOST_CONTESTS]
    rows = max(FEWEST_ROWS, MOST_ROWS // len(drawn))
    for one in drawn:
        more, y = _draw_contest(one, y, rows, prepare, final=snapshot.final)
        parts += more
    if left := len(snapshot.contests) - len(drawn):
        y += 30
        parts.append(svg.text(_("and %(n)s more") % {"n": whole(left)}, _EDGE, y, 17, bold=True))
    y += 36
    parts.append(svg.text(_tell_time(snapshot), _EDGE, y, 14, soft=True))
    return svg.whole([svg.box(0, 0, WIDTH, y + 20, svg.GROUND), *parts], WIDTH, y + 20, title)


def _describe(snapshot: Snapshot) -> str:
    ballots = snapshot.ballots or 0
    word = COUNTED["ballots"](ballots)
    return f"{STAGES[stage(snapshot)]} · {whole(ballots)} {word}"


def _tell_time(snapshot: Snapshot) -> str:
    """Say of when the numbers are, in the zone of the election: a picture does not move."""
    zone = zoneinfo.ZoneInfo(snapshot.election.time_zone)
    moment = snapshot.as_of.astimezone(zone)
    return f"{date_format(moment, 'DATE_FORMAT')} {moment:%H:%M:%S %Z}"


def _draw_contest(
    one: ContestShown, y: float, most: int, prepare: svg.Prepare, *, final: bool
) -> tuple[list[str], float]:
    parts: list[str] = []
    inner = WIDTH - 2 * _EDGE
    if one.contest.title:
        y += 36
        parts.append(svg.text(fonts.cut(prepare(one.title), 21, inner, bold=True), _EDGE, y, 21, bold=True))
    colours = {option.key: svg.BARS[at % len(svg.BARS)] for at, option in enumerate(one.options)}
    for option in ahead(one.options, most):
        state = standing_word(standing(one, option.key, final))
        parts += draw_row(option, state, colours[option.key], y, prepare)
        y += _ROW
    if len(one.options) > most:
        y += 30
        parts.append(svg.text(_("and %(n)s more") % {"n": whole(len(one.options) - most)}, _EDGE, y, 17, soft=True))
    return parts, y


def ahead(options: list[StandingShown], most: int) -> list[StandingShown]:
    """Return the options in the order of the paper, or those of most votes where there are too many of them."""
    return options if len(options) <= most else sorted(options, key=lambda option: -option.count)[:most]


def draw_row(
    option: StandingShown, state: str, colour: str, y: float, prepare: svg.Prepare, *, x: float = _EDGE,
    width: float = WIDTH - 2 * _EDGE, scale: float = 1,
) -> list[str]:  # fmt: skip
    """Draw one option below `y`: its name and numbers, and its bar."""
    size, base = 18 * scale, y + 25 * scale
    numbers = " · ".join(part for part in (state, whole(option.count), percent(option.permille)) if part)
    taken = fonts.measure(numbers, size, bold=True) + size
    label = fonts.cut(prepare(option.label), size, width - taken)
    top, height = y + 34 * scale, _BAR * scale
    return [
        svg.text(label, x, base, size),
        svg.text(numbers, x + width, base, size, bold=True, end=True),
        svg.box(x, top, width, height, svg.TINT, round_by=4),
        svg.box(x, top, width * (option.permille or 0) / 1000, height, colour, round_by=4),
    ]
