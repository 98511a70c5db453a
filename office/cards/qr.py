"""QR codes as modules of light and dark, and drawn into a PDF.

By zxing-cpp: segno, which draws codes on the pages, takes a hundred times as long, and a roll has many cards.
"""

import zxingcpp
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

# Modules of white around a code, which readers need.
QUIET = 4
# Survives a fold or a stain over 15 % of the code.
_CORRECTION = "M"


def draw_code(canvas: Canvas, text: str, x: float, y: float, size: float) -> None:
    """Draw the code of a text into a square with its lower left corner at `x`, `y`; the white around it is inside."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=_CORRECTION)
    image = Image.fromarray(barcode.to_image(scale=1, add_quiet_zones=False))
    modules = image.width
    module = size / (modules + 2 * QUIET)
    inner = modules * module
    # A mask of one bit a module: it stays sharp at any size, and has a third of the size of rectangles.
    bits = image.convert("1", dither=Image.Dither.NONE).tobytes().hex()
    place = f"{inner:.3f} 0 0 {inner:.3f} {x + QUIET * module:.3f} {y + QUIET * module:.3f} cm"
    canvas._code.append(f"q {place} BI /W {modules} /H {modules} /IM true /F /AHx ID {bits}> EI Q")
