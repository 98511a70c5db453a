"""Pictures, as they are published: small, redrawn by Pillow, and with nothing left of the file but its pixels."""

import io
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from .models import LARGEST_PICTURE

# No SVG: it is a document that can hold scripts.
FORMATS = ("PNG", "JPEG", "WEBP")
# Bytes of the file that is sent: with the rest of the form less than the server takes.
LARGEST_FILE = 800_000
# Width and height in pixels of the file that is sent.
MOST_PIXELS = 4000
QUALITIES = (85, 70, 55, 40, 25, 10)
# Pixels in width and height of the picture of an option: twice what ballots show.
OF_OPTION = (240, 240)


def redraw_picture(file: BinaryIO, size: int) -> bytes:
    """Return the picture of an option, as it is published; raises ValidationError as `redraw` does."""
    return redraw(file, size, within=OF_OPTION, largest=LARGEST_PICTURE)


def redraw(file: BinaryIO, size: int, *, within: tuple[int, int], largest: int) -> bytes:
    """Return a picture as WebP of at most `largest` bytes, `within` a width and a height.

    Raises ValidationError for what is no picture, or too large.
    """
    if size > LARGEST_FILE:
        raise ValidationError(
            _("The file is too large. Choose one of at most %(kb)d kB.") % {"kb": LARGEST_FILE // 1000}
        )
    try:
        with Image.open(file, formats=FORMATS) as picture:
            if max(picture.size) > MOST_PIXELS:
                raise Image.DecompressionBombError
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        text = _("The picture is too large. Choose one of at most %(n)d pixels in width and height.")
        raise ValidationError(text % {"n": MOST_PIXELS}) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValidationError(_("The file is no picture that can be read. Choose a PNG, JPEG or WebP file.")) from error
    width, height = within
    while True:
        drawn.thumbnail((width, height))
        for quality in QUALITIES:
            out = io.BytesIO()
            drawn.save(out, "WEBP", quality=quality, method=6)
            if out.tell() <= largest:
                return out.getvalue()
        width, height = width // 2, height // 2
