"""What an audit by sample has fixed before its dice were thrown: docs/audit.md."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from .ballots import Piles
from .notes import Checkpoint, Key, Note
from .paper import Paper
from .report import Malformed
from .values import LARGEST_NUMBER, read_base64, shorten

_HASH = r"([A-Za-z0-9+/]{43}=)"
_TEXT = re.compile(
    rf"urna-manifest/1\n(.+)\nentries (0|[1-9][0-9]{{0,18}}) {_HASH}\nlinks {_HASH}\n"
    rf"ballots ([^ \n]+) {_HASH}\nfile ([0-9a-f]{{64}})\n"
)
_NUMBER = re.compile(r"([^=;]+)=(0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Manifest:
    """The roots of both trees, how many ballots each contest has, and the SHA-256 of the file of ballots."""

    text: str
    entries: int
    links: bytes
    ballots: dict[str, int]
    ballots_root: bytes
    file: str

    @property
    def sha256(self) -> str:
        """The hash of its text, with which the seed of a sample begins."""
        return sha256(self.text.encode()).hexdigest()


def open_manifest(data: bytes, keys: Iterable[Key], head: Checkpoint, number: int, paper: Paper) -> Manifest:
    """Read a manifest that a key of the log has signed, of just this record and paper; raises Malformed.

    `number` is how many entries of ballots the record has.
    """
    note = Note.parse(data)
    match = _TEXT.fullmatch(note.text)
    if not match:
        raise Malformed("it is no manifest of six lines")
    origin, entries, root, links, ballots, ballots_root, file = match.groups()
    if origin != head.origin:
        raise Malformed(f"it is of {shorten(origin)}, and the checkpoint of {head.origin}")
    if not note.signers([key for key in keys if key.name == head.origin]):
        raise Malformed("it is not signed by the key of the log")
    if (int(entries), read_base64(root)) != (number, head.root):
        raise Malformed("its record is not that of the checkpoint: another number of entries, or another root")
    numbers = dict(_read_number(part) for part in ballots.split(";"))
    if list(numbers) != [one.key for one in paper.contests]:
        raise Malformed("its contests are not those of paper.json")
    return Manifest(note.text, number, read_base64(links), numbers, read_base64(ballots_root), file)


def require_ballots(manifest: Manifest, data: bytes, ballots: dict[str, Piles]) -> None:
    """Raise Malformed unless a file of ballots is the one that was fixed."""
    if (found := sha256(data).hexdigest()) != manifest.file:
        raise Malformed(f"its SHA-256 is {found}, and the manifest has {manifest.file}: other ballots were fixed")
    for key, number in manifest.ballots.items():
        if (published := ballots[key].total()) != number:
            raise Malformed(f"it has {published:,} ballots in {key}, and the manifest {number:,}")


def _read_number(part: str) -> tuple[str, int]:
    match = _NUMBER.fullmatch(part)
    if not match or int(match[2]) > LARGEST_NUMBER:
        raise Malformed(f"{shorten(part)} is no number of ballots of a contest")
    return match[1], int(match[2])
