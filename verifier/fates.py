"""What became of each entry: a line for each, in their order."""

from collections import Counter
from dataclasses import dataclass

from .report import Malformed
from .values import shorten

COUNTS, REPLACED = b"counts", b"replaced"
REASONS = ("unreadable", "invalid", "other-design", "duplicate", "already-counted")
_KNOWN = {COUNTS, REPLACED, *(f"set-aside {reason}".encode() for reason in REASONS)}


@dataclass
class Fates:
    """Which entries count, a byte for each, which is 1 if it does; and how often each fate comes."""

    counts: bytes
    numbers: Counter[bytes]

    @property
    def counting(self) -> int:
        """How many entries count."""
        return self.numbers[COUNTS]

    @property
    def set_aside(self) -> dict[str, int]:
        """How many entries were set aside, by reason."""
        return {reason: number for reason in REASONS if (number := self.numbers[f"set-aside {reason}".encode()])}


def read_fates(data: bytes, entries: int) -> Fates:
    """Read a fate for each entry; raises Malformed, with the line."""
    *lines, end = data.split(b"\n")
    if end:
        raise Malformed(f"line {len(lines) + 1:,} has no newline: the file is cut")
    numbers = Counter(lines)
    if not numbers.keys() <= _KNOWN:
        place = next(place for place, line in enumerate(lines) if line not in _KNOWN)
        raise Malformed(f"line {place + 1:,}: {shorten(lines[place])} is no fate of an entry")
    if len(lines) != entries:
        raise Malformed(f"it has {len(lines):,} lines, and there are {entries:,} entries")
    return Fates(bytes(map(COUNTS.__eq__, lines)), numbers)
