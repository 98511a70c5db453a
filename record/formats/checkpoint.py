"""Checkpoints: origin, size and root of a log, as a signed note: C2SP tlog-checkpoint, https://c2sp.org/tlog-checkpoint."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .encodings import HASH_BYTES, LARGEST_NUMBER, Malformed, read_decimal, read_hash, write_base64
from .note import Note, NotSigned, NotVerified, Opened, Verifier, require_text, verify_note


class WrongOrigin(NotVerified):
    """A checkpoint of another log."""


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its origin, its size in entries, its root hash (32 bytes), and extension lines.

    Raises Malformed if a part cannot be written into a checkpoint. Extension lines are not recommended: nobody audits
    them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise Malformed("origin and extension lines of a checkpoint are one line each, and not empty")
        if not 0 <= self.size <= LARGEST_NUMBER or len(self.root) != HASH_BYTES:
            raise Malformed("a checkpoint has a size from 0 to 2**63 - 1 and a root hash of 32 bytes")
        require_text(self.text)

    @property
    def text(self) -> str:
        """Return the text of the note: three lines, and one for each extension."""
        lines = (self.origin, str(self.size), write_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; raises Malformed."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop():
            raise Malformed("a checkpoint has three lines at least, each with its newline: origin, size and root hash")
        origin, size, root, *extensions = lines
        return cls(origin, read_decimal(size), read_hash(root), tuple(extensions))


class OpenedCheckpoint(NamedTuple):
    """A checkpoint that its log has signed, and the note that it was read from."""

    checkpoint: Checkpoint
    note: Opened


def open_checkpoint(
    data: bytes, *, origin: str, logs: Iterable[Verifier], witnesses: Iterable[Verifier] = ()
) -> OpenedCheckpoint:
    """Read a checkpoint of a log, and check all signatures by known keys.

    `logs` are the keys that are trusted for this origin: one of them has to have signed. Raises Malformed; WrongOrigin
    for a checkpoint of another log; InvalidSignature and NotSigned as `note.open_note` does.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != origin:
        raise WrongOrigin(f"this is a checkpoint of {checkpoint.origin}, and no one of {origin}")
    logs = tuple(logs)
    opened = verify_note(note, (*logs, *witnesses))
    keys = {(log.name, log.key_id) for log in logs}
    if not any((one.name, one.key_id) in keys for one in opened.verified):
        raise NotSigned(f"no key of {origin} has signed the checkpoint")
    return OpenedCheckpoint(checkpoint, opened)
