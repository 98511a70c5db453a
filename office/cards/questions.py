"""What is voted on, as far as there is room for it."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from reportlab.pdfgen.canvas import Canvas

from ..pdf.fonts import REGULAR
from ..pdf.lines import LEADING, draw_lines, prepare, wrap

_LINES_EACH = 2


def draw_questions(
    canvas: Canvas, questions: Sequence[str], top: tuple[float, float], width: float, floor: float, size: float
) -> None:
    """Draw questions below each other from `top` on, not below `floor`, and say how many there are besides."""
    x, y = top
    for place, question in enumerate(questions):
        left = len(questions) - place
        lines = wrap(f"• {question}", REGULAR, size, width, _LINES_EACH)
        # The last one needs no room for a line that says how many follow.
        if y - (len(lines) + (left > 1)) * size * LEADING < floor:
            draw_lines(canvas, [prepare(_("and %(count)s more") % {"count": left}, REGULAR, size)], x, y)
            return
        y = draw_lines(canvas, lines, x, y)
