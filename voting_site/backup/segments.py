"""Make segments of PostgreSQL's write-ahead log of the pieces that were received."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage

from .archive import Piece
from .sealed_files import Damaged, read_whole


def name_segment(timeline: int, place: int, size: int) -> str:
    """Return the name of the segment with a place in the log, as PostgreSQL gives it."""
    per_log = (1 << 32) // size
    number = place // size
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


def write_segments(
    pieces: Sequence[Piece],
    folder: Path,
    *,
    first: int,
    timeline: int,
    size: int,
    identities: Sequence[pyrage.x25519.Identity],
    told: Callable[[int], object],
) -> None:
    """Write the segments from the place `first` on, where one begins, into a folder, of pieces that follow each other.

    `told` gets the place that was reached. The last one is filled with zeros, at which a recovery finds the end of the
    log. Raises Damaged, OSError.
    """
    folder.mkdir(mode=0o700)
    place = first
    segment = bytearray()
    for piece in pieces:
        data = memoryview(read_whole(piece.file, identities))
        if len(data) != piece.end - piece.start:
            raise Damaged(f"{piece.file} is damaged: it does not hold what its name says")
        # The first one begins before; and a small one may be there beside the large one that replaces it.
        data = data[place - piece.start :]
        while data:
            taken = data[: size - len(segment)]
            segment += taken
            data = data[len(taken) :]
            place += len(taken)
            if len(segment) == size:
                (folder / name_segment(timeline, place - 1, size)).write_bytes(segment)
                segment = bytearray()
        told(place)
    if segment:
        (folder / name_segment(timeline, place - 1, size)).write_bytes(segment.ljust(size, b"\0"))
