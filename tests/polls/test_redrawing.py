"""Pictures that people send, and what is left of them."""

import io
import zlib

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from polls.models import LARGEST_PICTURE
from polls.redrawing import MOST_PIXELS, OF_OPTION, redraw_picture
from tests.pictures import draw


def redrawn(content: bytes) -> bytes:
    return redraw_picture(io.BytesIO(content), len(content))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_drawn_anew_and_small(form):
    published = redrawn(draw((500, 400), form, "RGB") + b"<script>")
    assert len(published) <= LARGEST_PICTURE
    assert b"script" not in published
    with Image.open(io.BytesIO(published)) as drawn:
        assert (drawn.format, max(drawn.size) <= max(OF_OPTION)) == ("WEBP", True)


def test_a_picture_keeps_its_shape():
    out = io.BytesIO()
    Image.new("RGB", (1000, 500), "#3366cc").save(out, "PNG")
    with Image.open(io.BytesIO(redrawn(out.getvalue()))) as drawn:
        assert drawn.size == (240, 120)


def test_a_picture_loses_what_a_camera_wrote_into_it():
    out, tags = io.BytesIO(), Image.Exif()
    tags[0x010F] = "a camera"
    Image.new("RGB", (40, 40)).save(out, "JPEG", exif=tags, icc_profile=b"a profile" * 20, comment=b"a comment")
    for text in (b"a camera", b"a profile", b"a comment"):
        assert text in out.getvalue()
        assert text not in redrawn(out.getvalue())


@pytest.mark.parametrize("size", [(MOST_PIXELS + 1, 1), (10_000, 10_000), (60_000, 60_000)])
def test_a_huge_picture_is_refused_before_it_is_unpacked(size):
    content = bytearray(draw((1, 1)))
    content[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with pytest.raises(ValidationError, match="The picture is too large"):
        redrawn(content)


def test_a_large_file_is_refused():
    with pytest.raises(ValidationError, match="The file is too large"):
        redraw_picture(io.BytesIO(), 900_000)


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", draw()[:200]])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(ValidationError, match="is no picture that can be read"):
        redrawn(content)
