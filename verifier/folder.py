"""The folder with the files of a record."""

import os
from pathlib import Path

from .report import NoRecord, Wrong

# Without these there is nothing to check the rest against; the log of an installation has no paper.
NEEDED = ("checkpoint", "key", "paper.json")
# How the origin of such a log ends. No address of an election has a dot.
INSTALLATION = "/installation.log"


class Folder:
    """Reads files by their path in the folder, which is also how a message names them."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise NoRecord(f"{path} is no folder")
        # Only to choose what is checked: what it says is not believed.
        self.is_installation = _read_first_line(path / "checkpoint").endswith(INSTALLATION.encode())
        needed = NEEDED[:2] if self.is_installation else NEEDED
        if missing := [name for name in needed if not (path / name).exists()]:
            raise NoRecord(f"{path} is no record of an election: it has no {' and no '.join(missing)}")
        self.path = path

    def read(self, name: str) -> bytes:
        """Return what is in a file; raises Wrong if it is not there or cannot be read."""
        data = self.find(name)
        if data is None:
            raise Wrong(name, "the file is missing")
        return data

    def find(self, name: str) -> bytes | None:
        """Return what is in a file, None if it is not there; raises Wrong if it cannot be read."""
        return read_file(self.path / name, name)

    def names(self, folder: str) -> list[str]:
        """Return the files of a folder by their paths, in order; none if it is not there."""
        below = self.path / folder
        if not below.exists():
            return []
        if not below.is_dir():
            raise Wrong(folder, "this is no folder")
        return sorted(f"{folder}/{one.name}" for one in below.iterdir())

    def others(self, known: set[str]) -> list[str]:
        """Return the files, by their paths in order, that are not among the known ones."""
        paths = (Path(folder, file) for folder, _, files in os.walk(self.path) for file in files)
        return sorted({path.relative_to(self.path).as_posix() for path in paths} - known)


def _read_first_line(path: Path) -> bytes:
    try:
        return path.read_bytes().partition(b"\n")[0] if path.is_file() else b""
    except OSError:
        return b""


def read_file(path: Path, name: str) -> bytes | None:
    """Return what is in a file, None if it is not there; raises Wrong, which names it as `name`."""
    try:
        # Whatever is no plain file could wait for ever.
        if path.exists() and not path.is_file():
            raise Wrong(name, "this is no plain file")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Wrong(name, f"the file cannot be read: {error.strerror}") from error
