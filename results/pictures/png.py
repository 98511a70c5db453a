"""SVG as PNG: one at a time, with a rest after each, so that no flood of requests takes the processor for itself."""

import hashlib
import threading
import time
from collections import OrderedDict

import resvg_py

from . import Busy
from .fonts import FAMILY, font_files

# How many requests wait for their turn at most; any other is sent away for the moment.
_TURNS = threading.BoundedSemaphore(4)
# A drawing of 40 ms of the processor is followed by three times as long a rest.
_REST = 3
# Pictures that are kept, of some ten to some hundred kilobytes each.
KEPT = 48

_drawing = threading.Lock()
_free_at = 0.0
_drawn: OrderedDict[str, bytes] = OrderedDict()


def draw(svg: str, *, key: str, zoom: float = 1) -> bytes:
    """Return an SVG as PNG; what was drawn under the same `key` is not drawn again. Raises Busy."""
    global _free_at
    key = hashlib.sha256(key.encode()).hexdigest()
    if (kept := _drawn.get(key)) is not None:
        return kept
    if not _TURNS.acquire(blocking=False):
        raise Busy
    try:
        with _drawing:
            if (kept := _drawn.get(key)) is not None:
                return kept
            time.sleep(max(0.0, _free_at - time.monotonic()))
            began = time.thread_time()
            picture = resvg_py.svg_to_bytes(
                svg_string=svg, skip_system_fonts=True, font_files=font_files(), font_family=FAMILY, zoom=zoom
            )
            _free_at = time.monotonic() + (time.thread_time() - began) * _REST
            _drawn[key] = picture
            while len(_drawn) > KEPT:
                _drawn.popitem(last=False)
            return picture
    finally:
        _TURNS.release()
