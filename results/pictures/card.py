"""The picture beside a link that somebody shares: who asks what, and the result once it is final and shows."""

from django.utils.translation import gettext as _

from pages.templatetags.display import stage, standing, standing_word
from polls.look import Look

from ..snapshot import Snapshot
from . import chart, fonts, svg

# What networks ask for.
WIDTH, HEIGHT = 1200, 630
_EDGE, _ROWS = 72, 3
# Of the band at the side, where the organisation has no colour of its own.
_BAND = "#12403a"


def draw(snapshot: Snapshot, look: Look) -> str:
    """Draw what stays true: networks keep a card for as long as they like, so that it says nothing of a moment."""
    inner = WIDTH - 2 * _EDGE
    title = fonts.printable(snapshot.paper.title)
    parts = [svg.box(0, 0, WIDTH, HEIGHT, svg.GROUND), svg.box(0, 0, 24, HEIGHT, look.light or _BAND)]
    x = float(_EDGE)
    # An address would be read, from this machine or another.
    logo = look.logo if look.logo.startswith("data:image/") else ""
    if logo:
        parts.append(svg.picture(logo, _EDGE, 48, 240, 56))
        x += 264
    name = fonts.printable(look.name) or ("" if logo else "Urna")
    parts.append(svg.text(fonts.cut(name, 30, WIDTH - _EDGE - x, bold=True), x, 88, 30, bold=True, soft=True))
    final = stage(snapshot) == "final" and not snapshot.withheld
    lines = fonts.wrap(title, 60, inner, 2 if final else 3, bold=True)
    parts += [svg.text(line, _EDGE, 190 + 70 * at, 60, bold=True) for at, line in enumerate(lines)]
    y = 190.0 + 70 * len(lines)
    if final:
        parts += _draw_result(snapshot, y)
    elif stage(snapshot) == "cancelled":
        parts.append(svg.text(_("Cancelled"), _EDGE, y, 40, soft=True))
    else:
        parts += _draw_question(snapshot, y)
    return svg.whole(parts, WIDTH, HEIGHT, title)


def _draw_result(snapshot: Snapshot, y: float) -> list[str]:
    first = snapshot.contests[0]
    heading = _("Final result")
    if first.contest.title:
        heading = f"{heading}: {fonts.printable(first.title)}"
    parts = [svg.text(fonts.cut(heading, 32, WIDTH - 2 * _EDGE), _EDGE, y, 32, soft=True)]
    colours = {option.key: svg.BARS[at % len(svg.BARS)] for at, option in enumerate(first.options)}
    for option in chart.ahead(first.options, _ROWS):
        state = standing_word(standing(first, option.key, True))
        parts += chart.draw_row(
            option, state, colours[option.key], y, fonts.printable, x=_EDGE, width=WIDTH - 2 * _EDGE, scale=1.7
        )
        y += 90
    return parts


def _draw_question(snapshot: Snapshot, y: float) -> list[str]:
    """List what can be chosen, in the order of the paper, or the questions where there are several."""
    contests = snapshot.paper.contests
    several = len(contests) > 1
    names = (
        [one.title or snapshot.paper.title for one in contests] if several else [o.label for o in contests[0].options]
    )
    most = int((HEIGHT - 40 - y) // 52)
    shown = names if len(names) <= most else [*names[: most - 1], fonts.ELLIPSIS]
    inner = WIDTH - 2 * _EDGE - 40
    parts = []
    for at, name in enumerate(shown):
        parts.append(svg.box(_EDGE, y + 52 * at - 20, 18, 18, svg.BARS[at % len(svg.BARS)], round_by=4))
        parts.append(svg.text(fonts.cut(fonts.printable(name), 36, inner), _EDGE + 40, y + 52 * at, 36))
    return parts
