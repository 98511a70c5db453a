"""Parts of a drawing as SVG, with no style of their own, which the policy of the site forbids."""

from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape, quoteattr

from pages.templatetags.display import isolate

from ..xml_text import xml_text
from . import fonts

INK, SOFT, TINT, GROUND = "#10302b", "#47605a", "#e2ebe4", "#ffffff"
# As on the dashboard, in light.
BARS = ("#0b6fb8", "#cf5c00", "#006650", "#c0508f", "#4b3a9e", "#57480f")
# Prepares a text: for the fonts that will draw it.
Prepare = Callable[[str], str]


def text(
    words: str, x: float, y: float, size: float, *, bold: bool = False, soft: bool = False, end: bool = False
) -> str:
    """Write a line of text on the base line `y`, from `x` on, or up to `x` where that is its end."""
    weight = ' font-weight="700"' if bold else ""
    anchor = ' text-anchor="end"' if end else ""
    # In an isolate, so that a line in Arabic has its own direction wherever it stands.
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{SOFT if soft else INK}"{weight}{anchor}>'
        f"{escape(xml_text(isolate(words)))}</text>"
    )


def box(x: float, y: float, width: float, height: float, fill: str, *, round_by: float = 0) -> str:
    """Write a filled box."""
    corner = f' rx="{round_by:g}"' if round_by else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{corner}/>'


def picture(href: str, x: float, y: float, width: float, height: float) -> str:
    """Write a picture, as large as it fits, at the left of its place."""
    return (
        f'<image href={quoteattr(href)} x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        ' preserveAspectRatio="xMinYMid meet"/>'
    )


def whole(parts: Iterable[str], width: float, height: float, title: str) -> str:
    """Write a drawing of this size, with a title that is read aloud."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" role="img"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="{fonts.FAMILY}, system-ui, sans-serif">'
        f"<title>{escape(xml_text(title))}</title>{''.join(parts)}</svg>"
    )
