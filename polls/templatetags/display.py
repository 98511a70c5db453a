"""How numbers, addresses and standings are written on the pages."""

from decimal import Decimal
from typing import Any

from django import template
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def whole(number: int) -> str:
    """Write a whole number with the digits grouped as the language has it."""
    return str(floatformat(number, "0g"))


@register.filter
def percent(permille: int | None) -> str:
    """Write tenths of a percent in percent, with one decimal, as the dashboard's script does; nothing for None."""
    if permille is None:
        return ""
    # Translators: a number and the sign for percent, for example “54.7%”; put a space where the language wants one.
    return _("%(number)s%%") % {"number": floatformat(Decimal(permille) / 10, 1)}


@register.filter
def bar_width(permille: int | None) -> str:
    """Write tenths of a percent as a length in SVG, which knows no language's decimal comma."""
    return f"{(permille or 0) / 10:g}%"


@register.filter
def zone_name(time_zone: str) -> str:
    """Write the name of a time zone as people read it."""
    return time_zone.replace("_", " ")


@register.filter
def bare_address(url: str) -> str:
    """Leave out of an address what nobody has to type."""
    return url.removeprefix("https://").removeprefix("http://").rstrip("/")


@register.filter
def stage(snapshot: Any) -> str:
    """Return the phase as the pages show it: a closed election is `counting` until it is `final`."""
    if snapshot.final:
        return "final"
    return "counting" if snapshot.phase == "closed" else str(snapshot.phase)


@register.simple_tag
def standing(snapshot: Any, key: str) -> str:
    """Return how the option with this key stands: leading, level (with others), winner, tie; or empty."""
    winners = snapshot.result.winners
    if key not in winners:
        return ""
    if len(winners) > 1:
        return "tie" if snapshot.final else "level"
    return "winner" if snapshot.final else "leading"
