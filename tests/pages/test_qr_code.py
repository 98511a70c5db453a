"""QR codes of addresses, read back."""

import io
import re

import zxingcpp
from PIL import Image

from pages.qr_code import draw_file, draw_inline

URL = "https://vote.example.org/k7p"


def test_a_picture_is_read_and_large_enough_for_a_poster() -> None:
    picture = Image.open(io.BytesIO(draw_file(URL, "png")))
    assert picture.width >= 600
    assert [one.text for one in zxingcpp.read_barcodes(picture)] == [URL]


def test_a_drawing_stands_alone_as_a_file() -> None:
    drawing = draw_file(URL, "svg").decode()
    assert drawing.startswith("<?xml")
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawing


def test_a_drawing_in_a_page_is_as_large_as_its_style_says() -> None:
    drawing = str(draw_inline(URL))
    assert re.search(r'<svg [^>]*viewBox="0 0 \d+ \d+"', drawing)
    assert "style=" not in drawing
    assert not re.search(r'<svg [^>]*(width|height)="', drawing)
