"""Write what is received after a backup: each second a little, and from time to time one larger file for many small."""

import io
import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import pyrage

from .archive import Archive, Tip, name_piece, with_hash, write_tip
from .box_copy import Look, Position, Waiting, position, write_waiting
from .sealed_files import write_sealed

# When small pieces of the log become a larger one: bytes, and seconds.
LARGE = 4 << 20
LONG_S = 60.0


class Series:
    """One series of an archive, which only this process writes.

    What could not be written stays in memory, and is written the next time.
    """

    def __init__(self, archive: Archive, recipients: Sequence[pyrage.x25519.Recipient]) -> None:
        self.name = secrets.token_hex(8)
        self.archive = archive
        self.folder = archive.log / self.name
        self.recipients = recipients
        for folder in (self.folder / "wal", self.folder / "box"):
            folder.mkdir(mode=0o700, parents=True)
        self._unwritten: list[Waiting] = []
        self._number = 0
        # By file: the last id that it has of each stream.
        self._box: dict[Path, dict[str, Position]] = {}
        self._small: list[Path] = []
        self._gathered = bytearray()
        self._gathered_from = 0
        self._gathered_at = 0.0
        self._heads: dict[str, str] = {}

    def add_waiting(self, look: Look) -> None:
        """Write ballots that wait in the box; raises OSError."""
        self._unwritten += look.new
        if not self._unwritten:
            return
        self._number += 1
        data = io.BytesIO(write_waiting(self._unwritten))
        folder = self.folder / "box"
        file = with_hash(folder, write_sealed(folder, f"{self._number:010d}", data, self.recipients))
        last: dict[str, Position] = {}
        for one in self._unwritten:
            last[one.key] = max(last.get(one.key, (0, 0)), position(one.id))
        self._box[file] = last
        self._unwritten = []

    def drop_counted(self, look: Look) -> None:
        """Remove ballots that had left the box at a look; the log has to be written up to a moment after it."""
        gone = [
            file
            for file, last in self._box.items()
            if all(key in look.first and _is_before(mark, look.first[key]) for key, mark in last.items())
        ]
        if not gone:
            return
        with self.archive.removing() as may_remove:
            for file in gone if may_remove else ():
                file.unlink()
                del self._box[file]

    def add_wal(self, start: int, data: bytes) -> None:
        """Write a part of the log that begins at `start`; raises OSError."""
        folder = self.folder / "wal"
        name = name_piece(start, start + len(data))
        self._small.append(with_hash(folder, write_sealed(folder, name, io.BytesIO(data), self.recipients)))
        if not self._gathered:
            self._gathered_from, self._gathered_at = start, time.monotonic()
        self._gathered += data
        if len(self._gathered) >= LARGE or time.monotonic() - self._gathered_at >= LONG_S:
            self._merge()

    def _merge(self) -> None:
        folder = self.folder / "wal"
        with self.archive.removing() as may_remove:
            if not may_remove:
                return
            if len(self._small) > 1:
                name = name_piece(self._gathered_from, self._gathered_from + len(self._gathered))
                with_hash(folder, write_sealed(folder, name, io.BytesIO(self._gathered), self.recipients))
                for file in self._small:
                    file.unlink()
        self._small, self._gathered = [], bytearray()

    def set_heads(self, heads: dict[str, str]) -> None:
        """Write the newest heads of the records; raises OSError."""
        if heads != self._heads:
            write_sealed(self.folder, "heads", io.BytesIO(json.dumps(heads).encode()), self.recipients)
            self._heads = heads

    def set_tip(self, end: int, at: str) -> None:
        """Note how far the series reaches, which makes a tick complete; raises OSError."""
        write_tip(self.folder, Tip(end, at))


def _is_before(mark: Position, first: Position | None) -> bool:
    return first is None or mark < first
