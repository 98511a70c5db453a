"""Colours that can be seen: contrast as WCAG 2.2 defines it, and the nearest colour that has enough of it.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

# What stands beside colours of organisers on the pages, in design.css: --paper and --ground.
LIGHT_GROUNDS = ("#ffffff", "#eff3ee")
DARK_GROUNDS = ("#142825", "#0b1917")
# WCAG's level AA, for text of usual size, and for what is no text.
ENOUGH = 4.5
ENOUGH_FOR_FIGURES = 3
STEPS = 100

Rgb = tuple[int, int, int]


def read_colour(text: str) -> Rgb:
    """Return the parts of a colour that is written as #rrggbb; raises ValueError."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is not written as #rrggbb")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def write_colour(parts: Rgb) -> str:
    """Write a colour as #rrggbb."""
    return "#" + "".join(f"{part:02x}" for part in parts)


def luminance(parts: Rgb) -> float:
    """Return the relative luminance of a colour, from 0 for black to 1 for white."""
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def make_visible(colour: str, *, dark: bool) -> str:
    """Return the nearest colour of this hue that can be seen on light pages, or on dark ones."""
    grounds = DARK_GROUNDS if dark else LIGHT_GROUNDS
    return next(one for one in _mixtures(colour, 255 if dark else 0) if can_be_seen(one, grounds, ENOUGH))


@lru_cache(maxsize=1024)
def make_visible_everywhere(colour: str) -> str:
    """Return the nearest colour of this hue that a bar may have on light and on dark pages."""
    grounds = LIGHT_GROUNDS + DARK_GROUNDS
    # Steps towards black and towards white in turn, so that the first one that can be seen is the nearest.
    mixtures = zip(_mixtures(colour, 0), _mixtures(colour, 255), strict=True)
    return next(one for both in mixtures for one in both if can_be_seen(one, grounds, ENOUGH_FOR_FIGURES))


def can_be_seen(colour: str, grounds: Iterable[str], enough: float) -> bool:
    """Tell whether a colour has enough contrast with all of `grounds`."""
    return all(contrast(read_colour(colour), read_colour(ground)) >= enough for ground in grounds)


def _mixtures(colour: str, end: int) -> Iterator[str]:
    """Yield a colour, and then with more and more black or white in it."""
    for step in range(STEPS + 1):
        red, green, blue = (round(part + (end - part) * step / STEPS) for part in read_colour(colour))
        yield write_colour((red, green, blue))
