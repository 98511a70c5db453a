"""The folder with backups: which ones there are, what was written since, and what may go.

    backups/NAME/            manifest.json, base.tar.gz (PostgreSQL), contents.json.gz (secret key, heads of records)
    log/SERIES/wal/          START-END-HASH.gz: pieces of the write-ahead log
    log/SERIES/box/          NUMBER-HASH.gz: ballots that were seen waiting in the ballot box
    log/SERIES/heads.gz      the newest heads of records that Redis knew
    log/SERIES/tip.json      how far all of this reaches, and when it was written

With a key, names end in `.age`. A series is what one run has received without a gap.
"""

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..local.data_folder import Unusable, naming_the_remedy
from .manifest import NAME, Manifest, Unreadable
from .sealed_files import Damaged, Written, hash_file, place

# How much of a hash stands in a name.
HASH_CHARACTERS = 24
ANOTHER_BACKUP = "take another one: `--list` shows which there are"


class Piece(NamedTuple):
    """A file with a part of the write-ahead log, from byte `start` to byte `end`."""

    start: int
    end: int
    file: Path


class Tip(NamedTuple):
    """How far a series reaches: a place in the write-ahead log, and when that was written (ISO 8601)."""

    end: int
    at: str

    @property
    def moment(self) -> dt.datetime:
        """Return when it was written."""
        return dt.datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Plan:
    """What a restore reads: one backup, and all that was received since."""

    folder: Path
    manifest: Manifest
    pieces: Sequence[Piece]
    box: Sequence[Path]
    heads: Path | None
    tip: Tip | None

    @property
    def end(self) -> int:
        """Return the place in the write-ahead log up to which it goes."""
        return self.pieces[-1].end if self.pieces else self.manifest.stop

    @property
    def until(self) -> str:
        """Return when the last of it was saved."""
        return self.tip.at if self.tip and self.tip.end <= self.end else self.manifest.ended_at

    @property
    def files(self) -> list[tuple[Path, str, int]]:
        """Return each file with the beginning of its hash, and its size."""
        own = [(self.folder / one.name, one.sha256, one.size) for one in self.manifest.files.values()]
        named = [one.file for one in self.pieces] + list(self.box)
        return own + [(file, _hash_in(file), file.stat().st_size) for file in named]


class Archive:
    """One folder with backups; `create` makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.backups = self.path / "backups"
        self.log = self.path / "log"

    def create(self) -> None:
        """Make the folder, for its owner only; raises Unusable."""
        with naming_the_remedy(f"{self.path}, the folder of the backups", "choose another one"):
            for folder in (self.path, self.backups, self.log):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def making(self) -> Iterator[None]:
        """Hold the right to write into the archive; raises Unusable while another process has it."""
        with (self.path / "making.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unusable(f"another process makes backups in {self.path}: stop that one first") from None
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have nothing removed during the block; raises Unusable if there is no archive."""
        if not self.backups.is_dir():
            raise Unusable(f"there is no backup in {self.path}")
        # An archive may be on a medium that is read only, from which nothing is removed either.
        try:
            lock = (self.path / "reading.lock").open("ab")
        except OSError:
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def removing(self) -> Iterator[bool]:
        """Tell whether files may be removed during the block: nobody reads the archive."""
        with (self.path / "reading.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def names(self) -> list[str]:
        """Return the names of the complete backups, the oldest first."""
        if not self.backups.is_dir():
            return []
        return sorted(one.name for one in self.backups.iterdir() if (one / NAME).exists())

    def manifest(self, name: str) -> Manifest:
        """Read the manifest of a backup; raises Unusable."""
        try:
            return Manifest.from_json((self.backups / name / NAME).read_text())
        except (OSError, UnicodeDecodeError, Unreadable) as error:
            raise Unusable(f"the backup {name} is of no use: {error}; {ANOTHER_BACKUP}") from error

    def plan(self, name: str = "") -> Plan:
        """Return what a restore of a backup reads, of the newest one without a name; raises Unusable."""
        names = self.names()
        if not names:
            raise Unusable(f"there is no complete backup in {self.path}")
        if name and name not in names:
            raise Unusable(f"there is no backup {name} in {self.path}: there are {', '.join(names)}")
        manifest = self.manifest(name or names[-1])
        series = self.log / manifest.series
        try:
            tip = read_tip(series)
            pieces = _join(list_pieces(series), manifest)
            if tip and tip.end > (pieces[-1].end if pieces else manifest.stop):
                raise Damaged(f"the end of what was saved after the backup {manifest.name} is missing in {series}")
        except Damaged as error:
            raise Unusable(f"nothing was restored: {error}; {ANOTHER_BACKUP}") from error
        box = sorted(file for file in (series / "box").glob("*") if not file.name.startswith("."))
        heads = next((file for file in series.glob("heads.gz*") if file.exists()), None)
        return Plan(self.backups / manifest.name, manifest, pieces, box, heads, tip)

    def remove_unfinished(self) -> None:
        """Remove backups without a manifest; only the process that makes backups may call it."""
        for folder in self.backups.iterdir():
            if not (folder / NAME).exists():
                shutil.rmtree(folder)

    def keep_newest(self, number: int, *, current: str) -> None:
        """Remove all backups but the newest ones, and what was received for the others, but of the series `current`."""
        names = self.names()
        for name in names[:-number]:
            # Without it, this is no backup any more.
            (self.backups / name / NAME).unlink()
            shutil.rmtree(self.backups / name)
        kept: dict[str, int] = {}
        for name in names[-number:]:
            with suppress(Unusable):
                manifest = self.manifest(name)
                kept[manifest.series] = min(manifest.first, kept.get(manifest.series, manifest.first))
        for series in self.log.iterdir():
            if series.name not in kept and series.name != current:
                shutil.rmtree(series)
            for piece in list_pieces(series) if series.name in kept else ():
                if piece.end <= kept[series.name]:
                    piece.file.unlink()


def list_pieces(series: Path) -> list[Piece]:
    """Return the pieces of the write-ahead log in their order; of those that begin alike, the longest first."""
    found = []
    for file in (series / "wal").glob("*.gz*"):
        start, end, _ = file.name.split("-")
        if not start.startswith("."):
            found.append(Piece(int(start, 16), int(end, 16), file))
    return sorted(found, key=lambda one: (one.start, -one.end))


def name_piece(start: int, end: int) -> str:
    """Name a piece of the write-ahead log."""
    return f"{start:016x}-{end:016x}"


def _join(found: Sequence[Piece], manifest: Manifest) -> list[Piece]:
    """Return the pieces that follow each other from the base's start on; raises Damaged if one is missing."""
    joined: list[Piece] = []
    for piece in found:
        end = joined[-1].end if joined else manifest.first
        if piece.end <= end:
            continue
        if piece.start > end:
            raise Damaged(f"a piece of what was saved after the backup {manifest.name} is missing before {piece.file}")
        joined.append(piece)
    # What the base has itself needs no pieces.
    return joined if joined and joined[-1].end > manifest.stop else []


def _hash_in(file: Path) -> str:
    return file.name.partition(".")[0].rpartition("-")[2]


def with_hash(folder: Path, written: Written) -> Path:
    """Give a file a name with its hash, by which a change is noticed."""
    stem, dot, ending = written.name.partition(".")
    file = folder / f"{stem}-{written.sha256[:HASH_CHARACTERS]}{dot}{ending}"
    os.rename(folder / written.name, file)
    return file


def read_tip(series: Path) -> Tip | None:
    """Return how far a series reaches, None if nothing was received; raises Damaged."""
    try:
        return Tip(**json.loads((series / "tip.json").read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise Damaged(f"{series / 'tip.json'} is damaged: {error}") from error


def write_tip(series: Path, tip: Tip) -> None:
    """Note how far a series reaches; raises OSError."""
    text = json.dumps(tip._asdict()).encode()
    place(series, "tip.json", lambda target: target.write(text))


def check_files(plan: Plan) -> None:
    """Compare each file of a plan with its hash; raises Damaged."""
    for file, expected, size in plan.files:
        if not file.exists() or file.stat().st_size != size:
            raise Damaged(f"{file} is missing, or was cut")
        if not hash_file(file).startswith(expected):
            raise Damaged(f"{file} was changed after the backup")
