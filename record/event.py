"""An entry of the log of the installation: what has happened with an election.

An event is lines of UTF-8, each with its newline: `urna-event/1`, its kind, the election's address, and what it says.
All of it is ASCII unless the address of the site is not.

| kind | what it says, a line each |
|---|---|
| `frozen` | the design of the paper, and since when voters have had it |
| `checkpoint` | the text of a checkpoint of the election's record: origin, size, root in base64 |
| `closed` | when it was closed |
| `result` | the SHA-256 of the certified result, as hex |

Times are in UTC, as in `2026-05-04T10:00:00Z`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .entry import OpenBallot
from .formats.checkpoint import Checkpoint
from .formats.encodings import Malformed

VERSION = "urna-event/1"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
# What stands for a design where there is none.
_NO_DESIGN = "0" * 32


class Kind(StrEnum):
    """What an event tells of."""

    FROZEN = "frozen"
    CHECKPOINT = "checkpoint"
    CLOSED = "closed"
    RESULT = "result"


@dataclass(frozen=True)
class Event:
    """An event of an election; `says` are its lines from the fourth on. Raises Malformed for what is none."""

    kind: Kind
    election: str
    says: tuple[str, ...]

    def __post_init__(self) -> None:
        design = self.says[0] if self.kind == Kind.FROZEN and self.says else _NO_DESIGN
        # Addresses and designs are those of entries.
        OpenBallot(self.election, design, "")
        match self.kind, self.says:
            case (Kind.FROZEN, (_, time)) | (Kind.CLOSED, (time,)):
                if not _TIME.fullmatch(time):
                    raise Malformed(f"{time[:40]!r} is no time of an event")
            case Kind.CHECKPOINT, (_, _, _):
                Checkpoint.parse("".join(f"{line}\n" for line in self.says))
            case Kind.RESULT, (digest,):
                if not _SHA256.fullmatch(digest):
                    raise Malformed(f"{digest[:70]!r} is no SHA-256 as hex")
            case _:
                raise Malformed(f"an event of the kind {self.kind} has another number of lines")

    @classmethod
    def frozen(cls, election: str, design: str, time: str) -> Self:
        """Tell on which paper people vote, and since when."""
        return cls(Kind.FROZEN, election, (design, time))

    @classmethod
    def checkpoint(cls, election: str, text: str) -> Self:
        """Tell the head of the election's record; `text` is that of the checkpoint, without signatures."""
        return cls(Kind.CHECKPOINT, election, tuple(text.removesuffix("\n").split("\n")))

    @classmethod
    def closed(cls, election: str, time: str) -> Self:
        """Tell when the election was closed."""
        return cls(Kind.CLOSED, election, (time,))

    @classmethod
    def result(cls, election: str, digest: str) -> Self:
        """Tell the SHA-256 of the certified result, as hex."""
        return cls(Kind.RESULT, election, (digest,))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` returns; raises Malformed for anything else."""
        try:
            lines = data.decode().split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("an event is UTF-8") from error
        if len(lines) < 5 or lines[-1] or lines[0] != VERSION:
            raise Malformed(f"an event is four lines or more, and the first one is {VERSION}")
        try:
            kind = Kind(lines[1])
        except ValueError as error:
            raise Malformed(f"{lines[1][:40]!r} is no kind of event") from error
        return cls(kind, lines[2], tuple(lines[3:-1]))

    def to_bytes(self) -> bytes:
        """Return the bytes that are a leaf of the tree."""
        return "".join(f"{line}\n" for line in (VERSION, self.kind, self.election, *self.says)).encode()
