"""The files in which the processes of a role keep their metrics: a folder for each run, a slot for each process.

The library names a file after its process, so that the folder would grow with each restart. Here a process takes the
first slot that no living process holds, and goes on counting where the last one ended.
"""

import atexit
import fcntl
import itertools
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from .local.data_folder import naming_the_remedy

# The library's own variable; children inherit it.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "urna-metrics-"


def make_folder() -> None:
    """Make the folder of this run, before any metric is defined, and remove the folders of runs that were killed."""
    with naming_the_remedy("the folder of temporary files", "name another one with TMPDIR"):
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with suppress(OSError):
                if not _is_held(left / "owner"):
                    shutil.rmtree(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        _hold(folder / "owner")
    os.environ[FOLDER] = str(folder)
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)


def keep_values_in_slots() -> None:
    """Let metrics that are defined from now on keep their values in the folder of this run, if there is one."""
    if FOLDER in os.environ:
        # Imported here, because a command without metrics does not need the library so early.
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(Slots(Path(os.environ[FOLDER])))


class Slots:
    """Names the file of this process; a forked child gets another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pid = 0
        self._slot = ""

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._slot = next(name for name in map(str, itertools.count()) if _hold(self.folder / f"slot-{name}"))
            self._pid = os.getpid()
        return self._slot


def _hold(file: Path) -> bool:
    """Lock a file for the life of this process; False if another process has it. Children do not inherit the lock."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True


def _is_held(file: Path) -> bool:
    """Tell whether another process has a file locked."""
    with open(file, "rb+") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
