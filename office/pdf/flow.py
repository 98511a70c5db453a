"""Documents that flow over pages: texts in any script, tables and lines to write on, with the number of each page.

ReportLab breaks pages and tables; texts are shaped by `lines`, which its own paragraphs cannot do.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Self

from django.utils.translation import gettext as _
from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Table

from .fonts import BOLD, REGULAR, missing, register
from .lines import LEADING, Line, fit, prepare, wrap
from .paper import Paper
from .streaming import StreamedCanvas

MARGIN = 22 * mm
SIZE = 10
_FOOT = 8
_FAINT, _RULE = Color(0.35, 0.35, 0.35), Color(0.75, 0.75, 0.75)
# Lines of one text; more are of no use to anybody.
_MOST = 2_000
GAP = "[?]"
# Of tables: room between columns, and what a column has where there is room.
_BETWEEN, _COLUMN = 8, 25 * mm
# The height of a table that stays together, in points: less than half a page.
_SHORT = 300


def printable(text: str) -> str:
    """Return a text with a sign for each stretch of characters that the fonts lack, where else there would be boxes."""
    lacking = set(missing(text))
    if not lacking:
        return text
    shown = ""
    for char in text:
        if char not in lacking:
            shown += char
        elif not shown.endswith(GAP):
            shown += GAP
    return shown


@dataclass(frozen=True)
class Look:
    """How a text is set; `before` is the room above it, in points."""

    size: float = SIZE
    bold: bool = False
    faint: bool = False
    right: bool = False
    before: float = 2
    indent: float = 0
    # It stays on one page with what follows.
    head: bool = False

    @property
    def font(self) -> str:
        return BOLD if self.bold else REGULAR


class Text(Flowable):
    """A text that is broken into lines, and over pages."""

    def __init__(self, text: str, look: Look, *, lines: Sequence[Line] | None = None) -> None:
        super().__init__()
        self.text, self.look = printable(text), look
        self.keepWithNext = look.head
        self.spaceBefore = look.before
        self._lines = lines

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        if self._lines is None:
            self._lines = break_lines(self.text, self.look.font, self.look.size, width - self.look.indent)
        self.height = len(self._lines) * self.look.size * LEADING
        return width, self.height

    def split(self, width: float, height: float) -> list[Self]:
        self.wrap(width, height)
        lines = self._lines or []
        fitting = int(height // (self.look.size * LEADING))
        if not 0 < fitting < len(lines):
            return []
        return [type(self)(self.text, self.look, lines=part) for part in (lines[:fitting], lines[fitting:])]

    def draw(self) -> None:
        self.canv.setFillColor(_FAINT if self.look.faint else Color(0, 0, 0))
        y = self.height
        for line in self._lines or ():
            x = self.width - line.width if self.look.right else self.look.indent
            line.draw(self.canv, x, y - line.size)
            y -= line.size * LEADING


def break_lines(text: str, font: str, size: float, width: float) -> list[Line]:
    """Return a text in lines; a word that is wider than a line, as a hash is, is broken."""
    words = []
    for word in text.split():
        while len(word) > 1 and prepare(word, font, size).width > width:
            beginning = partial(_measure, word, font, size)
            end = max(bisect_right(range(1, len(word) + 1), width, key=beginning), 1)
            words.append(word[:end])
            word = word[end:]
        words.append(word)
    return wrap(" ".join(words), font, size, width, _MOST)


def _measure(word: str, font: str, size: float, end: int) -> float:
    return prepare(word[:end], font, size).width


class SignatureLine(Flowable):
    """A place to sign: a line for place and date, and one for the name."""

    spaceBefore = 16 * mm

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width, self.height = width, 5 * mm
        return width, self.height

    def draw(self) -> None:
        third = self.width / 3
        for x, end, text in (
            (0.0, third - 6 * mm, _("Place and date")),
            (third, self.width, _("Name and signature")),
        ):
            self.canv.setFillColor(_FAINT)
            self.canv.line(x, self.height, end, self.height)
            fit(printable(text), REGULAR, _FOOT, end - x, _FOOT).draw(self.canv, x, self.height - _FOOT * LEADING)


def make_table(head: Sequence[str], rows: Sequence[Sequence[str]], width: float) -> Flowable:
    """Return a table that repeats its head on each page; the first column is of words, the others of numbers.

    One that is short stays together, and so do the parts of a row.
    """
    size, numbers = _fit_columns(head, rows, width * 2 / 3)

    def cells(texts: Sequence[str], *, bold: bool) -> list[Text]:
        return [Text(text, Look(size, bold=bold, right=place > 0)) for place, text in enumerate(texts)]

    data = [cells(head, bold=True), *(cells(row, bold=False) for row in rows)]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, Color(0, 0, 0)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("LEFTPADDING", (1, 0), (-1, -1), _BETWEEN / 2),
        ("RIGHTPADDING", (0, 0), (-2, -1), _BETWEEN / 2),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    widths = [width - sum(numbers), *numbers]
    table = Table(data, colWidths=widths, repeatRows=1, style=style, spaceBefore=6, spaceAfter=4)
    if table.wrap(width, 0)[1] <= _SHORT:
        table.setStyle([("NOSPLIT", (0, 0), (-1, -1))])
    return table


def _fit_columns(head: Sequence[str], rows: Sequence[Sequence[str]], most: float) -> tuple[float, list[float]]:
    """Return a size of letters, and widths for the columns of numbers in which no word is broken, if there are such."""
    columns = list(zip(head, *rows, strict=True))[1:]
    for size in (SIZE, 8.0, 6.5, 5.0):
        widths = [_widest_word(column, size) + _BETWEEN for column in columns]
        if sum(widths) <= most:
            break
    else:
        widths = [min(one, most / len(columns)) for one in widths]
    more = (most - sum(widths)) / max(len(columns), 1)
    return size, [max(one, min(_COLUMN, one + more)) for one in widths]


def _widest_word(texts: Sequence[str], size: float) -> float:
    words = {word for text in texts for word in printable(text).split()}
    # The head is bold, which is wider.
    return max((prepare(word, BOLD, size).width for word in words), default=0)


def make_facts(facts: Sequence[tuple[str, str]], width: float) -> list[Flowable]:
    """Return names with what is to say of each, in two columns."""
    first = width * 0.36
    data = [[Text(name, Look(faint=True)), Text(value, Look())] for name, value in facts]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    return [Table(data, colWidths=[first, width - first], style=style, spaceBefore=4)]


def write_document(
    file: BinaryIO, tell: Callable[[float], list[Flowable]], paper: Paper, *, title: str, foot: str, language: str
) -> int:
    """Write a document as PDF, and return the number of its pages.

    `tell` returns what is in it, for a width in points. It is laid out twice: the first time to know how many pages
    there are.
    """
    register()
    pages = _lay_out(_Nowhere(), tell, paper, title=title, foot=foot, language=language, pages=0)
    return _lay_out(file, tell, paper, title=title, foot=foot, language=language, pages=pages)


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, _content: bytes) -> None:
        """Forget what is written."""


def _lay_out(
    file: Any,
    tell: Callable[[float], list[Flowable]],
    paper: Paper,
    *,
    title: str,
    foot: str,
    language: str,
    pages: int,
) -> int:
    width, height = paper.size
    inner = width - 2 * MARGIN

    def draw_foot(canvas: Canvas, document: BaseDocTemplate) -> None:
        number = _("Page %(page)d of %(pages)d") % {"page": document.page, "pages": pages}
        line = prepare(number, REGULAR, _FOOT)
        canvas.setFillColor(_FAINT)
        line.draw(canvas, width - MARGIN - line.width, 12 * mm)
        fit(printable(foot), REGULAR, _FOOT, inner - line.width - 5 * mm, _FOOT - 2).draw(canvas, MARGIN, 12 * mm)

    frame = Frame(MARGIN, 20 * mm, inner, height - 38 * mm, 0, 0, 0, 0)
    document = BaseDocTemplate(file, pagesize=paper.size)
    document.addPageTemplates(PageTemplate("page", [frame], onPage=draw_foot))
    document.build(
        tell(inner),
        canvasmaker=lambda _file, **_options: StreamedCanvas(file, paper.size, title=title, language=language),
    )
    return int(document.page)
