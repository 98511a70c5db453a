"""The first entry of a record that was begun anew: which record it continues, and what that had lost."""

import re
from dataclasses import dataclass
from typing import Self

from .report import Malformed
from .values import HASH_BYTES, read_base64, read_decimal, read_text, shorten

VERSION = "urna-continues/1"
_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,8}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """The head in which a record has ended; and the one that it had lost, by size and root, None if it is not known."""

    origin: str
    size: int
    root: bytes
    lost: tuple[int, bytes] | None

    @classmethod
    def parse(cls, entry: bytes) -> Self:
        """Read an entry; raises Malformed for what is no reference."""
        lines = read_text(entry).split("\n")
        if len(lines) not in (5, 7) or lines[-1] or lines[0] != VERSION or not lines[1]:
            raise Malformed(f"it is no reference to another record: four lines or six, and the first one is {VERSION}")
        heads = [
            (read_decimal(size), _read_root(root)) for size, root in zip(lines[2:-1:2], lines[3:-1:2], strict=True)
        ]
        return cls(lines[1], *heads[0], heads[1] if len(heads) > 1 else None)

    @property
    def largest(self) -> int:
        """How many entries the record had at most, as far as this says."""
        return max(self.size, self.lost[0] if self.lost else 0)

    def knows(self, size: int, root: bytes) -> bool:
        """Tell whether a head of the record before fits what this says of it, as far as that can be told."""
        heads = [(self.size, self.root), *([self.lost] if self.lost else [])]
        return size <= self.largest and ((size, root) in heads or size not in [own for own, _root in heads])


def split_origin(origin: str, election: str) -> tuple[str, int] | None:
    """Return the origin of the first record of an election and the number of this one, None if it is of another."""
    base, _, number = origin.rpartition("/")
    if base.rpartition("/")[2] == election and _NUMBER.fullmatch(number):
        return base, int(number)
    return (origin, 1) if number == election else None


def require_next(reference: Reference | None, origin: str, election: str) -> None:
    """Raise Malformed unless a record with an origin continues just the record that its first entry names."""
    own = split_origin(origin, election)
    if reference is None:
        if own and own[1] > 1:
            raise Malformed(f"a record with the origin {shorten(origin)} was begun anew, and entry 0 does not say so")
        return
    before = split_origin(reference.origin, election)
    if not own or not before or own != (before[0], before[1] + 1):
        raise Malformed(f"it continues {shorten(reference.origin)}, and the checkpoint is of {shorten(origin)}")


def find_election(origin: str, reference: Reference | None) -> str:
    """Return the address of the election that an origin names."""
    return origin.split("/")[-2 if reference and origin.count("/") else -1]


def _read_root(text: str) -> bytes:
    root = read_base64(text)
    if len(root) != HASH_BYTES:
        raise Malformed(f"{shorten(text)} is no root of a tree")
    return root
