"""The fonts of pictures: which characters they have, and how wide a text is.

FiraGO has Latin, Greek, Cyrillic, Georgian, Arabic, Hebrew, Devanagari and Thai, and Noto's symbols have some of the
emoji, in one colour. What both lack, as Chinese, is left out of PNGs; an SVG is drawn with the fonts of its reader.
"""

import re
import tempfile
from functools import cache
from pathlib import Path

import uharfbuzz
from pymupdf_fonts import fontbuffers

FAMILY = "FiraGO"
_REGULAR, _BOLD, _SYMBOLS = "figo", "figbo", "symbol2"
ELLIPSIS = "…"
_SPACES = re.compile(r"\s+")


@cache
def font_files() -> list[str]:
    """Return the paths of the fonts, which are written to files once in a process."""
    folder = Path(_folder().name)
    paths = [folder / f"{name}.ttf" for name in (_REGULAR, _BOLD, _SYMBOLS)]
    for path in paths:
        path.write_bytes(fontbuffers[path.stem]())
    return [str(path) for path in paths]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    # Kept, since it deletes itself with its object.
    return tempfile.TemporaryDirectory(prefix="urna-fonts-")


def printable(text: str) -> str:
    """Return a text without what no font of ours has; an ellipsis where nothing is left."""
    covered = _coverage()
    kept = "".join(char for char in text if char.isspace() or ord(char) in covered)
    return _SPACES.sub(" ", kept).strip() or (ELLIPSIS if text else "")


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in pixels, nearly: it is shaped as one run."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(_font(_BOLD if bold else _REGULAR), buffer)
    return sum(place.x_advance for place in buffer.glyph_positions or ()) * size / 1000


def cut(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return a text that fits into a width, with an ellipsis for what does not."""
    if measure(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle].rstrip() + ELLIPSIS, size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + ELLIPSIS


def wrap(text: str, size: float, width: float, most: int, *, bold: bool = False) -> list[str]:
    """Return a text in at most `most` lines, of which the last is cut if there is more."""
    lines: list[str] = []
    words = text.split()
    while words:
        taken = 1
        while taken < len(words) and measure(" ".join(words[: taken + 1]), size, bold=bold) <= width:
            taken += 1
        if len(lines) == most - 1 or measure(words[0], size, bold=bold) > width:
            return [*lines, cut(" ".join(words), size, width, bold=bold)]
        lines.append(" ".join(words[:taken]))
        words = words[taken:]
    return lines


@cache
def _font(name: str) -> uharfbuzz.Font:
    return uharfbuzz.Font(uharfbuzz.Face(fontbuffers[name]()))


@cache
def _coverage() -> frozenset[int]:
    faces = [frozenset(_font(name).face.unicodes) for name in (_REGULAR, _BOLD, _SYMBOLS)]
    return (faces[0] & faces[1]) | faces[2]
