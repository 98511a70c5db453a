"""Lines of text in any script that the fonts have: measured, made to fit, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import shapeStr
from reportlab.pdfgen.canvas import Canvas

from .scripts import is_plain, order

ELLIPSIS = "…"
# Of the size of a font: from one line to the next.
LEADING = 1.25


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is ready to be drawn; the width is in points."""

    pieces: Sequence[tuple[str, float]]
    width: float
    font: str
    size: float

    def draw(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw the line from `x` on, on the base line `y`."""
        canvas.setFont(self.font, self.size)
        for text, width in self.pieces:
            canvas.drawString(x, y, text)
            x += width


def prepare(text: str, font: str, size: float) -> Line:
    """Shape a text and put its scripts in order, as far as it needs that."""
    if is_plain(text):
        width = stringWidth(text, font, size)
        return Line(((text, width),), width, font, size)
    pieces = [_shape(run.text, font, size) for run in order(text)]
    return Line(pieces, sum(width for _text, width in pieces), font, size)


def _shape(text: str, font: str, size: float) -> tuple[str, float]:
    if is_plain(text):
        return text, stringWidth(text, font, size)
    shaped = shapeStr(text, font, size, force=True)
    # Advances are in thousandths of the size.
    return shaped, sum(glyph.x_advance for glyph in shaped.__shapeData__) * size / 1000


def fit(text: str, font: str, size: float, width: float, smallest: float) -> Line:
    """Return a text in one line, in a smaller size where it is too wide, and cut where that does not help."""
    line = prepare(text, font, size)
    if line.width <= width:
        return line
    size = max(smallest, size * width / line.width)
    line = prepare(text, font, size)
    # Sizes do not scale hinting exactly.
    return line if line.width <= width * 1.001 else cut(text, font, size, width)


def cut(text: str, font: str, size: float, width: float) -> Line:
    """Return the beginning of a text that fits into the width, with an ellipsis."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if prepare(text[:middle].rstrip() + ELLIPSIS, font, size).width <= width:
            low = middle
        else:
            high = middle - 1
    return prepare(text[:low].rstrip() + ELLIPSIS, font, size)


def wrap(text: str, font: str, size: float, width: float, most: int) -> list[Line]:
    """Return a text in at most `most` lines; the last one is cut if more would be needed."""
    lines: list[Line] = []
    words = text.split()
    while words and len(lines) < most:
        taken = 1
        while taken < len(words) and prepare(" ".join(words[: taken + 1]), font, size).width <= width:
            taken += 1
        rest = words[taken:]
        line = prepare(" ".join(words[:taken]), font, size)
        if line.width > width or (rest and len(lines) == most - 1):
            line, rest = cut(" ".join(words), font, size, width), []
        lines.append(line)
        words = rest
    return lines


def fill(text: str, font: str, size: float, width: float, height: float, smallest: float) -> list[Line]:
    """Return a text broken anywhere, in the largest size in which all of it fits: an address is no use if it is cut."""
    while True:
        lines = _break(text, font, size, width)
        if size <= smallest or len(lines) * size * LEADING <= height:
            return lines
        size -= 0.5


def _break(text: str, font: str, size: float, width: float) -> list[Line]:
    lines = []
    while text:
        end = 1
        while end < len(text) and prepare(text[: end + 1], font, size).width <= width:
            end += 1
        lines.append(prepare(text[:end], font, size))
        text = text[end:]
    return lines


def draw_lines(canvas: Canvas, lines: Sequence[Line], x: float, y: float) -> float:
    """Draw lines below each other, the top of the first at `y`; return where the next one would have its top."""
    for line in lines:
        line.draw(canvas, x, y - line.size)
        y -= line.size * LEADING
    return y
