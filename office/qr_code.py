"""QR codes, for a camera to read off a page."""

import segno
from django.utils.safestring import SafeString, mark_safe


def draw_code(url: str) -> SafeString:
    """Draw the QR code of an address as SVG, in black on white, which every camera reads."""
    drawing: str = segno.make(url, micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawing)
