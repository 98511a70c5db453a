"""One card on a page, for window envelopes: the name shows in the window, and the code is folded inside.

The name stands where DIN 5008 (form B) has the address, which is within the window of American No. 10 envelopes too.
"""

from collections.abc import Iterable
from typing import BinaryIO

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from ..pdf.fonts import BOLD, MONO, REGULAR
from ..pdf.lines import draw_lines, fill, fit, prepare, wrap
from ..pdf.paper import Paper
from ..pdf.streaming import StreamedCanvas
from .card import Card, Notice, Printed
from .qr import draw_code
from .questions import draw_questions

LEFT = 25 * mm
# From the upper edge: the address zone of DIN 5008, form B, and the line above it that names the sender.
NAME = 65 * mm
SENDER = 58 * mm
WINDOW = 80 * mm
# From the upper edge, by the size of paper: where a page is folded.
FOLDS = {Paper.A4: (105 * mm, 210 * mm), Paper.LETTER: (93.1 * mm, 186.3 * mm)}
_TEXT = 92 * mm
_CODE = 52 * mm
# Below the fold, and from the left edge.
_CODE_TOP = 6 * mm
_CODE_MIDDLE = 158 * mm
_CODE_ROOM = 64 * mm


def print_letters(file: BinaryIO, notice: Notice, cards: Iterable[Card], paper: Paper) -> Printed:
    """Write the cards as PDF, page by page, in the active language; raises ValidationError if a text has no font."""
    notice.check()
    canvas = StreamedCanvas(file, paper.size, title=notice.title, language=get_language() or "en")
    printed = Printed()
    canvas.beginForm("face")
    _draw_face(canvas, notice, paper)
    canvas.endForm()
    for card in cards:
        canvas.doForm("face")
        _draw_own(canvas, notice, card, printed, paper)
        canvas.showPage()
    canvas.save()
    return printed


def _draw_face(canvas: Canvas, notice: Notice, paper: Paper) -> None:
    """Draw what is the same on each page."""
    height = paper.size[1]
    canvas.setLineWidth(0.4)
    for fold in FOLDS[paper]:
        canvas.line(5 * mm, height - fold, 10 * mm, height - fold)
    canvas.setFillGray(0.3)
    if notice.organisation:
        draw_lines(canvas, [fit(notice.organisation, REGULAR, 7, WINDOW, 5)], LEFT, height - SENDER)
    canvas.setFillGray(0)
    first, second = FOLDS[paper]
    y = draw_lines(canvas, [prepare(_("Voting card"), REGULAR, 10)], LEFT, height - first - 9 * mm) - 1 * mm
    y = draw_lines(canvas, wrap(notice.title, BOLD, 16, _TEXT, 3), LEFT, y) - 2 * mm
    y = draw_lines(canvas, wrap(notice.until, BOLD, 10.5, _TEXT, 3), LEFT, y) - 3 * mm
    y = draw_lines(canvas, [prepare(_("You vote on:"), REGULAR, 10)], LEFT, y)
    draw_questions(canvas, notice.questions, (LEFT, y), _TEXT, height - second + 8 * mm, 10)
    _draw_address(canvas, notice, height - first - _CODE_TOP - _CODE - 8 * mm)
    _draw_steps(canvas, height - second - 10 * mm, paper.size[0] - 2 * LEFT)


def _draw_address(canvas: Canvas, notice: Notice, y: float) -> None:
    for line in fill(notice.typed_address, REGULAR, 9.5, _CODE_ROOM, 12 * mm, 4):
        y = draw_lines(canvas, [line], _CODE_MIDDLE - line.width / 2, y)


def _draw_steps(canvas: Canvas, y: float, width: float) -> None:
    steps = [
        _("Scan the square code with the camera of a phone. It opens your ballot."),
        _("Or open the address that stands below the square in a browser, and type the code."),
        _("Mark your ballot, and send it."),
    ]
    y = draw_lines(canvas, [prepare(_("How to vote"), BOLD, 12)], LEFT, y) - 2 * mm
    for number, step in enumerate(steps, 1):
        prepare(f"{number}.", BOLD, 10.5).draw(canvas, LEFT, y - 10.5)
        y = draw_lines(canvas, wrap(step, REGULAR, 10.5, width - 7 * mm, 3), LEFT + 7 * mm, y) - 1.5 * mm
    secret = _("Keep the code secret: whoever has it can vote in your place.")
    draw_lines(canvas, wrap(secret, BOLD, 10.5, width, 2), LEFT, y - 2 * mm)


def _draw_own(canvas: Canvas, notice: Notice, card: Card, printed: Printed, paper: Paper) -> None:
    height = paper.size[1]
    draw_lines(canvas, [fit(printed.name(card), REGULAR, 12, WINDOW, 7)], LEFT, height - NAME)
    top = height - FOLDS[paper][0] - _CODE_TOP
    draw_code(canvas, notice.link(card), _CODE_MIDDLE - _CODE / 2, top - _CODE, _CODE)
    code = fit(card.code, MONO, 13, _CODE_ROOM, 7)
    code.draw(canvas, _CODE_MIDDLE - code.width / 2, top - _CODE - 6 * mm)
