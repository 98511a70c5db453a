"""Colours that can be seen: contrast as WCAG 2.2 defines it, and the nearest colour that has enough of it.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

import re

# What stands beside the accent colour on the pages, in urna.css: --paper and --ground.
LIGHT_GROUNDS = ("#ffffff", "#eff3ee")
DARK_GROUNDS = ("#142825", "#0b1917")
# WCAG's level AA, for text of usual size.
ENOUGH = 4.5
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
    parts = read_colour(colour)
    grounds = [read_colour(ground) for ground in (DARK_GROUNDS if dark else LIGHT_GROUNDS)]
    end = 255 if dark else 0
    for step in range(STEPS + 1):
        mixed = tuple(round(part + (end - part) * step / STEPS) for part in parts)
        red, green, blue = mixed
        if min(contrast((red, green, blue), ground) for ground in grounds) >= ENOUGH:
            return write_colour((red, green, blue))
    raise AssertionError("black can be seen on light pages, and white on dark ones")
