"""QR codes of addresses, in black on white, which every camera reads."""

import io
from functools import lru_cache
from typing import Literal

import segno
from django.utils.safestring import SafeString, mark_safe

# A code takes some ten milliseconds; few are asked for, each by many visitors.
_KEPT = 256
# Pixels of each dot of a picture: large enough for a poster.
_DOT = 24


@lru_cache(_KEPT)
def draw_inline(url: str) -> SafeString:
    """Draw a code as a part of a page, as large as its style says."""
    drawing: str = segno.make(url, micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawing)


def draw_file(url: str, kind: Literal["svg", "png"]) -> bytes:
    """Draw a code as a file, for slides and posters."""
    file = io.BytesIO()
    scale = _DOT if kind == "png" else 4
    segno.make(url, micro=False).save(file, kind=kind, scale=scale, border=4, dark="#000", light="#fff")
    return file.getvalue()
