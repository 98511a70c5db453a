"""A logo, as it is published: a data URI, so that it needs no request of its own."""

from typing import BinaryIO

from polls.pictures import write_data_uri
from polls.redrawing import redraw

# Width and height in pixels: twice what pages show.
PUBLISHED = (480, 112)
# Bytes: every ballot page carries it, and each request reads it from the ballot box.
LARGEST = 6000


def draw_logo(file: BinaryIO, size: int) -> str:
    """Return a logo as a data URI; raises ValidationError for what is no picture, or too large."""
    return write_data_uri(redraw(file, size, within=PUBLISHED, largest=LARGEST))
