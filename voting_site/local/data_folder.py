"""The folder in which a local Urna keeps its data: its secret key, its sockets, and the locks of its users."""

import errno
import fcntl
import hashlib
import io
import os
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from .own_code import PLACE, is_installed

# The address of a Unix socket holds 103 bytes on macOS and 107 on Linux.
SOCKET_PATH_LIMIT = 103
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
# Bytes that must fit into a folder before anything is started on it.
ROOM = 64 * 1024
MAKE_ROOM = "make room there (`df` and `df -i` show what is full)"
ANOTHER_FOLDER = "choose another folder with --data DIR"


class Unusable(Exception):
    """A local Urna cannot run; the message says why in one line, and names the remedy."""


@contextmanager
def naming_the_remedy(place: str, otherwise: str) -> Iterator[None]:
    """Raise Unusable if the file system refuses the block's work at `place`; `otherwise` is what always helps."""
    try:
        yield
    except OSError as error:
        room = f"{MAKE_ROOM}, or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        where = f", {error.filename}" if error.filename else ""
        raise Unusable(f"cannot write to {place} ({error.strerror}{where}): {room}{otherwise}") from error


def try_to_write(path: Path) -> None:
    """Raise OSError if no file can be made in a folder, or nothing can be written into it."""
    with tempfile.TemporaryFile(dir=path) as file:
        file.write(bytes(ROOM))


def default_folder() -> Path:
    """Return where the data are if nobody says so: in the project, or where this user's programs keep theirs."""
    if not is_installed():
        return PLACE / ".urna"
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/urna")
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share", "urna")


class DataFolder:
    """One data folder; `create` makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    def create(self) -> None:
        """Make the folder, for its owner only; raise Unusable if this user cannot keep data in it."""
        with self.usable():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            try_to_write(self.path)
        # Root may write anywhere, and would leave files that the folder's owner could not open afterwards.
        owner = self.path.stat().st_uid
        if owner != os.geteuid():
            raise Unusable(
                f"the data folder {self.path} belongs to user {owner}: run Urna as that user, or {ANOTHER_FOLDER}"
            )

    def usable(self) -> AbstractContextManager[None]:
        """Raise Unusable, naming the remedy, if the file system refuses the block's work in the folder."""
        return naming_the_remedy(f"the data folder {self.path}", "choose another one with --data DIR")

    @property
    def identity(self) -> str:
        """The folder's identity for the kernel: a move within a disk keeps it, and a copy has another one."""
        found = self.path.stat()
        return f"{found.st_dev:x}-{found.st_ino:x}"

    @property
    def sockets(self) -> Path:
        """Where the sockets are: in the folder, or elsewhere if its path does not fit into an address."""
        inside = self.path / "run"
        fits = len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT
        if fits and re.fullmatch(r"[A-Za-z0-9/_.-]+", str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        # Not `gettempdir()`: every process has to find the same place, whatever its TMPDIR says.
        return Path(f"/tmp/urna-{os.geteuid()}-{digest}")

    def create_sockets(self) -> None:
        """Make the folder of the sockets; only its mode protects the services."""
        path = self.sockets
        elsewhere = path.parent != self.path
        shorter = f"choose a data folder with a shorter path, which needs no place in {path.parent}, with --data DIR"
        with naming_the_remedy(f"{path}, the folder of the sockets", shorter if elsewhere else ANOTHER_FOLDER):
            # What is there already is checked below.
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                raise Unusable(f"{path} is not a private folder of this user: remove it, or {ANOTHER_FOLDER}")
            try_to_write(path)

    def secret_key(self) -> Path:
        """Return the file that holds the secret key, after generating the key if there is none yet."""
        self.create()
        path = self.path / "secret_key"
        if not path.exists():
            with self.usable(), tempfile.NamedTemporaryFile("w", dir=self.path) as draft:
                draft.write(secrets.token_urlsafe(50))
                draft.flush()
                # If another process was faster, a link fails; a rename would replace its key.
                with suppress(FileExistsError):
                    os.link(draft.name, path)
        return path

    @contextmanager
    def ownership(self) -> Iterator[bool]:
        """Hold the right to run services on this folder, or yield False while another process has it."""
        with self._open("lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            with self.usable():
                lock.truncate(0)
                lock.write(str(os.getpid()).encode())
            yield True

    def owner(self) -> str:
        """Return the process id of the last owner."""
        return (self.path / "lock").read_text()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Use services that another process runs; it keeps them running until all visitors have left."""
        with self._open("visitors") as visitors:
            fcntl.flock(visitors, fcntl.LOCK_SH)
            yield

    @contextmanager
    def without_visitors(self) -> Iterator[None]:
        """Wait for the visitors to leave, and let no new one in."""
        with self._open("visitors") as visitors:
            fcntl.flock(visitors, fcntl.LOCK_EX)
            yield

    def _open(self, name: str) -> io.FileIO:
        with self.usable():
            return open(self.path / name, "ab", buffering=0)
