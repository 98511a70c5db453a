"""Text frames of sockets (RFC 6455), plain and compressed (RFC 7692), made once for all sockets that are sent them.

A browser keeps the last 32 kB that it was sent compressed, and the next text may refer to them. A snapshot has most of
its text in common with the one before it. So sockets that were sent that one get little more than the difference, and
all others the whole: two frames at most as a rule, however many sockets there are. A compressor for each socket would
take 300 kB, and as much time again for each.
"""

import struct
import zlib
from collections.abc import Sequence
from functools import cached_property, lru_cache

from autobahn.websocket.compress import (
    PerMessageCompressOffer,
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
)

# Bits of the size of what browsers keep.
WINDOW_BITS = 15
# Bytes. A heartbeat is shorter: it stays plain, and what the browser keeps stays as it is.
LEAST_COMPRESSED = 126
# Texts to which one frame refers in its forms. A slow socket was sent others, and gets the whole.
MOST_BEFORE = 4
# First byte of a frame with a whole text, and the bit that says that it is compressed.
WHOLE_TEXT, COMPRESSED = 0x81, 0x40
# What `Z_SYNC_FLUSH` ends with, and a frame leaves out.
FLUSHED = b"\x00\x00\xff\xff"


class Frame:
    """A text as a frame, in each of the forms that sockets need."""

    def __init__(self, text: str) -> None:
        self._payload = text.encode()
        self._compressed: dict[str | None, bytes] = {}

    @property
    def is_worth_compressing(self) -> bool:
        return len(self._payload) >= LEAST_COMPRESSED

    @cached_property
    def plain(self) -> bytes:
        """The frame for sockets without compression, and for short texts."""
        return _frame(WHOLE_TEXT, self._payload)

    def compressed(self, before: str | None) -> bytes:
        """Return the frame for sockets whose last compressed text was `before`; for None, those without one."""
        if before not in self._compressed and (len(self._compressed) > MOST_BEFORE or _is_out_of_reach(before)):
            before = None
        found = self._compressed.get(before)
        if found is None:
            found = self._compressed[before] = _frame(WHOLE_TEXT | COMPRESSED, _deflate(self._payload, before))
        return found


@lru_cache(maxsize=64)
def frame_of(text: str) -> Frame:
    """Return a text as a frame, the same one for all sockets that are sent the same text."""
    return Frame(text)


def accept_compression(offers: Sequence[PerMessageCompressOffer]) -> PerMessageDeflateOfferAccept | None:
    """Take the first offer with a window of full size, or none.

    One by which the client keeps what it was sent goes first; to others each text is sent as to a new one.
    """
    found = [
        offer
        for offer in offers
        if isinstance(offer, PerMessageDeflateOffer) and offer.request_max_window_bits in (0, WINDOW_BITS)
    ]
    found.sort(key=lambda offer: offer.request_no_context_takeover)
    return PerMessageDeflateOfferAccept(found[0]) if found else None


def _is_out_of_reach(before: str | None) -> bool:
    # A text as long as the window has the same places in it as the one before, and they are out of it already.
    return before is not None and len(before) > 2**WINDOW_BITS


def _deflate(payload: bytes, before: str | None) -> bytes:
    # Negative: without zlib's own head. Filtered: short matches within numbers, which say nothing, cost more than they
    # save; a tenth of a frame of 60 options.
    compressor = zlib.compressobj(wbits=-WINDOW_BITS, strategy=zlib.Z_FILTERED, zdict=(before or "").encode())
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(FLUSHED)


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    return (struct.pack("!BBH", first, 126, size) if size < 2**16 else struct.pack("!BBQ", first, 127, size)) + payload
