"""The folder in which a local Urna keeps its data: its secret key, its sockets, and who may use it when."""

import fcntl
import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The address of a Unix socket holds 103 bytes on macOS and 107 on Linux.
SOCKET_PATH_LIMIT = 103
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


class Unusable(Exception):
    """What keeps a local Urna from running, in one line that names the remedy."""


class DataFolder:
    """One data folder; it comes into being with `create`."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    def create(self) -> None:
        """Make the folder, for its owner alone; raise Unusable where this user cannot keep data in it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise Unusable(
                f"cannot write to the data folder {self.path} ({error.strerror}): choose another one with --data DIR"
            ) from error
        # Root may write anywhere, and would leave files that the folder's owner could not open afterwards.
        owner = self.path.stat().st_uid
        if owner != os.geteuid():
            raise Unusable(
                f"the data folder {self.path} belongs to user {owner}: "
                "run Urna as that user, or choose another folder with --data DIR"
            )

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
        """Make the folder of the sockets, whose mode is all that guards the services."""
        path = self.sockets
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Unusable(f"{path} is not a private folder of this user: remove it, or choose another --data DIR")

    def secret_key(self) -> Path:
        """Return the file that holds the secret key, after generating the key if there is none yet."""
        self.create()
        path = self.path / "secret_key"
        if not path.exists():
            descriptor, draft = tempfile.mkstemp(dir=self.path)
            with open(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
            # Where another process was faster, a link fails; a rename would replace its key.
            with suppress(FileExistsError):
                os.link(draft, path)
            os.unlink(draft)
        return path

    @contextmanager
    def ownership(self) -> Iterator[bool]:
        """Hold the right to run services on this folder, or yield False while another process has it."""
        with open(self.path / "lock", "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield True

    def owner(self) -> str:
        """Return the process id of the last owner."""
        return (self.path / "lock").read_text()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Use services that another process runs; it keeps them until its visitors have left."""
        with open(self.path / "visitors", "a") as visitors:
            fcntl.flock(visitors, fcntl.LOCK_SH)
            yield

    @contextmanager
    def without_visitors(self) -> Iterator[None]:
        """Wait for the visitors to leave, and let nobody in."""
        with open(self.path / "visitors", "a") as visitors:
            fcntl.flock(visitors, fcntl.LOCK_EX)
            yield
