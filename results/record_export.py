"""A log as a folder, for `./urna verify` and other people's programs: all of it is public."""

from collections.abc import Callable, Iterator
from pathlib import Path

from polls.design import Paper
from polls.models import Design, Election
from record import reading
from record.ballot_piles import ballots_json
from record.cosignatures import cosigned_checkpoint
from record.fates import write_lines
from record.formats.tiles import TILE_WIDTH, Bundle, Tile, tile_width, tiles_between
from record.models import Audit, Log, SignedLog
from tally.models import CertifiedResult

from . import exports

Progress = Callable[[str], None]


class NotExported(Exception):
    """The record cannot be written; the message says why, and what to do."""


def export(election: Election, folder: Path, progress: Progress) -> int:
    """Write the record of an election as of now into a new or empty folder, and return how many ballots have an entry.

    Raises NotExported, and OSError where the disk does not take it.
    """
    log = Log.objects.filter(election=election).first()
    if log is None:
        raise NotExported(f"{election.slug} has no record yet: a record begins when its election opens.")
    _write_tree(log, folder, progress)
    paper = Design.objects.get(election=election, hash=election.in_force or election.offered).paper
    _write(folder / "paper.json", paper)
    if log.fates is not None:
        _write(folder / "fates", write_lines(bytes(log.fates)))
    if manifest := Audit.objects.filter(pk=election.pk).values_list("manifest", flat=True).first():
        _write(folder / "manifest", manifest)
    if certified := CertifiedResult.objects.filter(election=election).first():
        _write(folder / "certified.json", certified.text)
        whole = Paper.read(paper)
        piles = exports.read_piles(election.pk, whole)
        _write(folder / "ballots.json", ballots_json(election.slug, election.in_force, whole, piles))
    # Last, so that a folder that has it is whole.
    _write(folder / "checkpoint", cosigned_checkpoint(log))
    return log.ballots


def export_installation(folder: Path, progress: Progress) -> int:
    """Write the log of the installation as `export` does the record of an election, and return how many entries it has.

    Raises NotExported, and OSError where the disk does not take it.
    """
    log = reading.find_installation_log()
    if log is None:
        raise NotExported("the log of the installation has not begun yet: it does once a worker has run.")
    _write_tree(log, folder, progress)
    _write(folder / "checkpoint", cosigned_checkpoint(log))
    return log.size


def _write_tree(log: SignedLog, folder: Path, progress: Progress) -> None:
    """Write the tree of a log and its key into a new or empty folder; raises NotExported."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotExported(f"{folder} is there already, and not an empty folder: name another one.")
    folder.mkdir(parents=True, exist_ok=True)
    for number, asked in enumerate(_files_of(log.size), start=1):
        _write(folder / asked.path, reading.read_file(log, asked))
        if number % 1000 == 0:
            progress(f"{log.slug}: {number} files of the tree are written")
    _write(folder / "key", f"{log.verifier_key}\n")


def _files_of(size: int) -> Iterator[Tile | Bundle]:
    for index in range(-(-size // TILE_WIDTH)):
        yield Bundle(index, tile_width(0, index, size))
    yield from tiles_between(0, size)


def _write(path: Path, content: str | bytes | None) -> None:
    assert content is not None, f"{path.name} is a part of the tree"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
