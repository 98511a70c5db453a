"""What a witness remembers: its key, and the newest head of each log that it has cosigned, in two files.

A witness that forgets would cosign a second record. So a file is written beside the old one, brought to the disk, and
put in its place before anybody is answered; one process at a time has them; and a witness whose memory is gone does not
start.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .formats.checkpoint import Checkpoint
from .formats.cosignature import Cosigner
from .formats.encodings import Malformed
from .formats.keys import SignatureType, SignerKey
from .formats.note import Note


class Unusable(Exception):
    """The files of a witness cannot be used; the message says why, and what to do."""


class Memory:
    """The newest cosigned checkpoint of each log, by its origin."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._notes: dict[str, str] = {}
        if file.exists():
            self._notes = _read_notes(file)

    def latest(self, origin: str) -> Checkpoint | None:
        """Return the head of a log that was cosigned last."""
        note = self._notes.get(origin)
        return None if note is None else Checkpoint.parse(Note.parse(note.encode()).text)

    def note(self, origin: str) -> str | None:
        """Return the checkpoint with its signatures that was cosigned last."""
        return self._notes.get(origin)

    def store(self, origin: str, note: str) -> None:
        """Remember a checkpoint; it is on the disk when this returns. Raises OSError, and then remembers nothing."""
        notes = self._notes | {origin: note}
        write_durably(self._file, json.dumps(notes, indent=1, ensure_ascii=False) + "\n")
        self._notes = notes


@contextmanager
def own(key_file: Path, state_file: Path, *, name: str, seed: bytes) -> Iterator[tuple[Cosigner, Memory]]:
    """Have key and memory of a witness for oneself; they are made where there is neither.

    The key gets this name, made of a seed of 32 random bytes. Raises Unusable, and OSError.
    """
    if key_file.resolve() == state_file.resolve():
        raise Unusable("Key and state of a witness need a file each.")
    with open(state_file.with_name(f"{state_file.name}.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"Another witness runs on {state_file}.") from None
        if key_file.exists() and not state_file.exists():
            raise Unusable(
                f"{key_file} is there, and {state_file} is not: a witness that has forgotten what it has cosigned is"
                " none. Bring the file back, or begin anew with another key, and tell those who know the old one."
            )
        memory = Memory(state_file)
        if not key_file.exists():
            if not state_file.exists():
                write_durably(state_file, "{}\n")
            write_durably(key_file, SignerKey(name, SignatureType.COSIGNATURE, seed).to_secret_text() + "\n")
        yield _read_key(key_file), memory


def write_durably(file: Path, text: str) -> None:
    """Write a file that its owner alone can read, so that after a crash it is the old one or the new one."""
    draft = file.with_name(f"{file.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as output:
        os.fchmod(output.fileno(), 0o600)
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_key(file: Path) -> Cosigner:
    if file.stat().st_mode & 0o077:
        raise Unusable(f"Others can read {file}, the key of the witness. Run `chmod 600` on it.")
    try:
        return Cosigner(SignerKey.parse(file.read_text(encoding="utf-8").strip()))
    except ValueError as problem:
        raise Unusable(f"{file} is no key of a witness: {problem}.") from None


def _read_notes(file: Path) -> dict[str, str]:
    try:
        notes = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(notes, dict):
            raise Malformed("it is no object")
        for origin, note in notes.items():
            if Checkpoint.parse(Note.parse(str(note).encode()).text).origin != origin:
                raise Malformed(f"what is said to be of {origin} is of another log")
    except ValueError as problem:
        raise Unusable(f"{file}, in which the witness keeps what it has cosigned, cannot be read: {problem}.") from None
    return notes
