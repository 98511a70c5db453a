"""Ten cards on a sheet, to be cut along the marks and folded along the dotted line.

A card has three parts, from left to right: a spine with the name, which stays visible; what is voted on; and the code.
The code is folded over the middle, so that only the blank back of it is seen.
"""

import itertools
from collections.abc import Iterable
from typing import BinaryIO

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from ..pdf.fonts import BOLD, MONO, REGULAR
from ..pdf.lines import LEADING, draw_lines, fill, fit, wrap
from ..pdf.paper import Paper
from ..pdf.streaming import StreamedCanvas
from .card import Card, Notice, Printed
from .qr import draw_code
from .questions import draw_questions

COLUMNS, ROWS = 2, 5
PER_SHEET = COLUMNS * ROWS
# Both sizes of paper have room for two by five of these.
WIDTH, HEIGHT = 97 * mm, 53 * mm
SPINE = 9 * mm
HALF = (WIDTH - SPINE) / 2
PADDING = 3 * mm
_MARK = 3 * mm
_CODE = 33 * mm


def print_sheets(file: BinaryIO, notice: Notice, cards: Iterable[Card], paper: Paper) -> Printed:
    """Write the cards as PDF, page by page, in the active language; raises ValidationError if a text has no font."""
    notice.check()
    canvas = StreamedCanvas(file, paper.size, title=notice.title, language=get_language() or "en")
    printed = Printed()
    left, bottom = (paper.size[0] - COLUMNS * WIDTH) / 2, (paper.size[1] - ROWS * HEIGHT) / 2
    canvas.beginForm("face")
    _draw_face(canvas, notice)
    canvas.endForm()
    canvas.beginForm("marks")
    _draw_marks(canvas, left, bottom)
    canvas.endForm()
    cards = iter(cards)
    while sheet := list(itertools.islice(cards, PER_SHEET)):
        canvas.doForm("marks")
        for place, card in enumerate(sheet):
            row, column = divmod(place, COLUMNS)
            canvas.saveState()
            canvas.translate(left + column * WIDTH, bottom + (ROWS - 1 - row) * HEIGHT)
            canvas.doForm("face")
            _draw_own(canvas, notice, card, printed)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return printed


def _draw_marks(canvas: Canvas, left: float, bottom: float) -> None:
    """Draw where to cut, outside of the cards, so that a cut that is not exact leaves no line."""
    canvas.setLineWidth(0.4)
    right, top = left + COLUMNS * WIDTH, bottom + ROWS * HEIGHT
    for column in range(COLUMNS + 1):
        x = left + column * WIDTH
        canvas.line(x, bottom - 1 * mm, x, bottom - 1 * mm - _MARK)
        canvas.line(x, top + 1 * mm, x, top + 1 * mm + _MARK)
    for row in range(ROWS + 1):
        y = bottom + row * HEIGHT
        canvas.line(left - 1 * mm, y, left - 1 * mm - _MARK, y)
        canvas.line(right + 1 * mm, y, right + 1 * mm + _MARK, y)
        # Where four cards meet.
        for column in range(1, COLUMNS):
            x = left + column * WIDTH
            canvas.line(x - 1 * mm, y, x + 1 * mm, y)
            canvas.line(x, y - 1 * mm, x, y + 1 * mm)


def _draw_face(canvas: Canvas, notice: Notice) -> None:
    """Draw what is the same on each card, from its lower left corner."""
    canvas.setLineWidth(0.3)
    canvas.setStrokeGray(0.6)
    canvas.line(SPINE, 3 * mm, SPINE, HEIGHT - 3 * mm)
    canvas.setDash(0.5, 2)
    canvas.setStrokeGray(0.3)
    canvas.line(SPINE + HALF, 0, SPINE + HALF, HEIGHT)
    canvas.setDash()
    width = HALF - 2 * PADDING
    x, y = SPINE + PADDING, HEIGHT - PADDING
    canvas.setFillGray(0.3)
    y = draw_lines(canvas, [fit(notice.organisation or _("Voting card"), REGULAR, 6.5, width, 5)], x, y) - 0.5 * mm
    canvas.setFillGray(0)
    y = draw_lines(canvas, wrap(notice.title, BOLD, 9.5, width, 3), x, y) - 1 * mm
    foot = [
        *wrap(notice.until, BOLD, 7, width, 3),
        *wrap(_("Keep the code secret: whoever has it can vote in your place."), REGULAR, 6.5, width, 3),
    ]
    floor = PADDING + sum(line.size * LEADING for line in foot) + 1.5 * mm
    draw_lines(canvas, foot, x, floor - 1.5 * mm)
    draw_questions(canvas, notice.questions, (x, y), width, floor, 7)
    right = SPINE + HALF + PADDING
    canvas.setFillGray(0.3)
    draw_lines(canvas, [fit(_("Fold here: the code stays inside"), REGULAR, 6, width, 4)], right, HEIGHT - 1.5 * mm)
    canvas.setFillGray(0)
    lines = [
        fit(_("Scan it, or type this address and the code:"), REGULAR, 6.5, width, 4.5),
        *fill(notice.typed_address, BOLD, 7.5, width, 6 * mm, 4),
    ]
    draw_lines(canvas, lines, right, 16 * mm)


def _draw_own(canvas: Canvas, notice: Notice, card: Card, printed: Printed) -> None:
    name = fit(printed.name(card), BOLD, 9, HEIGHT - 2 * PADDING, 6)
    canvas.saveState()
    canvas.rotate(90)
    name.draw(canvas, PADDING, -SPINE / 2 - name.size * 0.35)
    canvas.restoreState()
    middle = SPINE + HALF * 1.5
    draw_code(canvas, notice.link(card), middle - _CODE / 2, HEIGHT - 4 * mm - _CODE, _CODE)
    code = fit(card.code, MONO, 9, HALF - 4.5 * mm, 5)
    code.draw(canvas, middle - code.width / 2, PADDING + 0.5 * mm)
