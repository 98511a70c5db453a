"""The fonts that are embedded in each PDF, and which characters they have.

FiraGO has Latin, Greek, Cyrillic, Georgian, Arabic, Hebrew, Devanagari and Thai. What it lacks, as Chinese, would be
printed as empty boxes: callers ask `missing` first, and say so.
"""

import io
import unicodedata
from functools import cache

from pymupdf_fonts import fontbuffers
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "FiraGO"
BOLD = "FiraGO Bold"
# For codes: characters of one width, of which no two look alike.
MONO = "Cascadia Mono Bold"
_BUFFERS = {REGULAR: "figo", BOLD: "figbo", MONO: "cascadiab"}


def register() -> None:
    """Make the fonts known to the library, once in a process."""
    _coverage()


def missing(text: str) -> str:
    """Return the characters of a text that cannot be printed, each once."""
    if text.isascii() and text.isprintable():
        return ""
    covered = _coverage()
    return "".join(dict.fromkeys(char for char in text if char not in covered and not _is_invisible(char)))


@cache
def _coverage() -> frozenset[str]:
    for name, buffer in _BUFFERS.items():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(fontbuffers[buffer]())))
    # Shaping adds glyphs of its own later, as private characters.
    codes = [pdfmetrics.getFont(name).face.charToGlyph for name in (REGULAR, BOLD)]
    return frozenset(chr(code) for code in codes[0].keys() & codes[1].keys() if not _is_private(chr(code)))


def _is_private(char: str) -> bool:
    return unicodedata.category(char) == "Co"


def _is_invisible(char: str) -> bool:
    """Tell whether a character shows nothing by itself, but may join or part its neighbours."""
    return unicodedata.category(char) == "Cf"
