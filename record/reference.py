"""The first entry of a record that was begun anew: which record it continues, and how much of that was lost.

It is lines of ASCII unless the address of the site is not, each with its newline: `urna-continues/1`, and the text of
the last head of the record that has ended: origin, size, root in base64. Where it is known which head the database has
lost, its size and its root follow, a line each.
"""

from dataclasses import dataclass
from typing import Self

from .formats.checkpoint import Checkpoint
from .formats.encodings import Malformed, write_base64

VERSION = "urna-continues/1"


@dataclass(frozen=True)
class Reference:
    """The head in which a record has ended; and the one that it had lost, of the same origin, None if unknown."""

    ended: Checkpoint
    lost: Checkpoint | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` returns; raises Malformed for anything else."""
        try:
            lines = data.decode().split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("a reference is UTF-8") from error
        if len(lines) not in (5, 7) or lines[-1] or lines[0] != VERSION:
            raise Malformed(f"a reference is four lines or six, and the first one is {VERSION}")
        origin, size, root, *lost = lines[1:-1]
        ended = Checkpoint.parse(f"{origin}\n{size}\n{root}\n")
        return cls(ended, Checkpoint.parse(f"{origin}\n{lost[0]}\n{lost[1]}\n") if lost else None)

    def to_bytes(self) -> bytes:
        """Return the bytes that are the first leaf of the tree."""
        lost = f"{self.lost.size}\n{write_base64(self.lost.root)}\n" if self.lost else ""
        return f"{VERSION}\n{self.ended.text}{lost}".encode()
