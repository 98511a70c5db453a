"""How numbers, addresses and standings are written on the pages."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.template.defaultfilters import floatformat
from django.utils.formats import get_format, time_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, npgettext
from django.utils.translation import gettext as _

from pages import markdown as markdown_text
from pages.colours import make_visible_everywhere
from pages.qr_code import draw_inline

register = template.Library()

# What would end an isolate, or begin another one.
_ISOLATES = re.compile("[\u2066-\u2069]")

STANDINGS = {
    "leading": gettext_lazy("Leading"),
    "level": gettext_lazy("Level"),
    "winner": gettext_lazy("Winner"),
    "tie": gettext_lazy("Tie"),
}
# Words that stand behind a number, in its form for that number.
COUNTED: dict[str, Callable[[int], str]] = {
    "votes": lambda n: npgettext("noun, after a number", "vote", "votes", n),
    "points": lambda n: npgettext("noun, after a number", "point", "points", n),
    "grades": lambda n: npgettext("noun, after a number", "grade", "grade", n),
    # Of comparisons with other options.
    "wins": lambda n: npgettext("noun, after a number", "win", "wins", n),
    "ballots": lambda n: npgettext("after a number", "ballot", "ballots", n),
    "ballots that wait": lambda n: npgettext(
        "after a number", "ballot waits to be counted", "ballots wait to be counted", n
    ),
    "blank ballots": lambda n: npgettext("after a number", "left it blank", "left it blank", n),
}
UNITS = ("votes", "points", "grades", "wins")
# They have all the forms of any language. Scripts take the form of the one that is like their number (texts.js).
SAMPLES = (1, 2, 3, 6, 11, 0, 100, 1_000_000)
_HIDDEN = mark_safe(" hidden")


# A time in its two largest units.
TIME_LEFT = {
    "days": gettext_lazy("{n} d {m} h left"),
    "hours": gettext_lazy("{n} h {m} min left"),
    "minutes": gettext_lazy("{n} min {m} s left"),
    "seconds": gettext_lazy("{n} s left"),
}


@register.filter
def time_left(until: dt.datetime, now: dt.datetime) -> str:
    """Write how long it is until then, in the two largest units, as the dashboard's script does."""
    seconds = max(0, int((until - now).total_seconds()))
    for name, unit, smaller in (("days", 86400, 3600), ("hours", 3600, 60), ("minutes", 60, 1)):
        if seconds >= unit:
            return str(TIME_LEFT[name]).format(n=seconds // unit, m=seconds % unit // smaller)
    return str(TIME_LEFT["seconds"]).format(n=seconds)


@register.filter
def whole(number: int | None) -> str:
    """Write a whole number with its digits grouped as in the language; a dash for None."""
    return "–" if number is None else str(floatformat(number, "0g"))


@register.filter
def percent(permille: int | str | None) -> str:
    """Write tenths of a percent in percent, with one decimal, as the dashboard's script does; nothing for None.

    A template has "" for what is not there.
    """
    if permille is None or permille == "":
        return ""
    # Translators: a number and the sign for percent, for example “54.7%”; put a space where the language wants one.
    return _("%(number)s%%") % {"number": floatformat(Decimal(permille) / 10, 1)}


@register.filter
def bar_width(permille: int | str | None) -> str:
    """Write tenths of a percent as a length in SVG, where a decimal comma is not allowed."""
    return f"{int(permille or 0) / 10:g}%"


@register.filter
def lang(text: object, around: object = None) -> SafeString:
    """Return the attribute for the language of a text, if that of the page, or of the text `around` it, is another."""
    language = getattr(text, "language", "")
    outer = get_language() if around is None else getattr(around, "language", "")
    differs = language.lower() != (outer or "").lower()
    return format_html(' lang="{}"', language) if language and differs else mark_safe("")


@register.filter
def markdown(text: str) -> SafeString:
    """Write a text of an organiser with its paragraphs, lists, emphasis and links."""
    return markdown_text.render(text)


@register.filter
def markdown_line(text: str) -> SafeString:
    """Write a text of an organiser where paragraphs cannot stand."""
    return markdown_text.render_line(text)


@register.filter
def zone_name(time_zone: str) -> str:
    """Write the name of a time zone as people read it."""
    return time_zone.replace("_", " ")


@register.filter
def bare_address(url: str) -> str:
    """Return an address without the parts that people need not type."""
    return url.removeprefix("https://").removeprefix("http://").rstrip("/")


@register.filter
def shown_colour(colour: str) -> str:
    """Return the nearest colour that can be seen on light and on dark pages."""
    return make_visible_everywhere(colour)


@register.filter
def qr_code(url: str) -> SafeString:
    """Draw an address as QR code."""
    return draw_inline(url)


@register.filter
def stage(snapshot: Any) -> str:
    """Return the phase as the pages show it: a closed election is `counting` until it is `final`.

    If it is final, and nobody may see the result yet, that is `withheld`.
    """
    if snapshot.final:
        return "withheld" if snapshot.withheld else "final"
    return "counting" if snapshot.phase == "closed" else str(snapshot.phase)


@register.simple_tag
def standing(shown: Any, key: str, final: bool) -> str:
    """Return the standing of an option in a contest: leading, level (with others), winner, tie; or empty."""
    if key in shown.tied:
        return "tie" if final else "level"
    if key in shown.winners:
        return "winner" if final else "leading"
    return ""


@register.simple_tag
def tell(shown: Any) -> Any:
    """Return what a contest's method tells of the working; a tag, since a template swallows errors of a variable."""
    return shown.tell()


@register.filter
def standing_word(state: str) -> str:
    """Return the word for a standing, empty for none."""
    return str(STANDINGS.get(state, ""))


@register.filter
def unit_word(count: int, unit: str) -> str:
    """Return the word that follows a number of votes, points or wins."""
    return COUNTED[unit](count)


@register.simple_tag
def counted(number: int | None, what: str) -> SafeString:
    """Write the word behind a number in all its forms, of which one is shown: a script may show another one."""
    forms: dict[str, list[int]] = {}
    for sample in SAMPLES:
        forms.setdefault(COUNTED[what](sample), []).append(sample)
    shown = COUNTED[what](number or 0)
    rows = [(" ".join(map(str, samples)), _HIDDEN if form != shown else "", form) for form, samples in forms.items()]
    return format_html_join("", '<span data-when-plural="{}"{}>{}</span>', rows)


@register.simple_tag
def clock_halves() -> str:
    """Return the words for both halves of the day, with a space between; "" where the clock has 24 hours."""
    has_halves = not {"H", "G"} & set(get_format("TIME_FORMAT"))
    return " ".join(time_format(dt.time(hour), "A") for hour in (0, 12)) if has_halves else ""


@register.filter(expects_localtime=True)
def clock(moment: dt.datetime) -> str:
    """Write a time of day to the second."""
    return time_format(moment.time(), "g:i:s A" if clock_halves() else "H:i:s")


@register.simple_tag
def board_words() -> dict[str, Any]:
    """Return the words for the dashboard's script, so that it writes the same words as the server."""
    units = {unit: {sample: COUNTED[unit](sample) for sample in SAMPLES} for unit in UNITS}
    return {"standings": STANDINGS, "units": units, "more": _("and {n} more"), "left": TIME_LEFT}


@register.filter
def of(values: Mapping[str, Any], key: str) -> Any:
    """Return what a mapping has for a key, None if it has nothing."""
    return values.get(key)


@register.filter
def isolate(text: object) -> str:
    """Return a text for the middle of a sentence, whose direction it leaves alone, as <bdi> does in HTML."""
    return f"\u2068{_ISOLATES.sub('', str(text))}\u2069"
