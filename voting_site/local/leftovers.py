"""End the processes that a killed owner of a data folder has left running.

A process itself tells who started it: its owner has put a mark into its environment, and its children inherit that. A
file with process ids would not do. It may belong to a copy of the folder, and other programs may have got the ids.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

from .data_folder import DataFolder, Unusable

# The variable with the mark.
MARK = "URNA_STARTED_BY"
# Seconds that leftovers have to shut down before they are killed, and that an owner has to end.
PATIENCE = 5
# Seconds between two looks.
LOOK = 0.05
_LABEL = r"urna-(?P<folder>[0-9a-f]+-[0-9a-f]+)-(?P<owner>\d+)"
_MARK = re.compile(rf"{_LABEL} (?P<path>.*)", re.DOTALL)
# PostgreSQL's children write their title over their environment. The title contains the name of the cluster.
_TITLE = re.compile(rf"postgres: {_LABEL}: ")


def label(folder: DataFolder) -> str:
    """Return the short form of the mark, for places where a path does not fit."""
    return f"urna-{folder.identity}-{os.getpid()}"


def mark(folder: DataFolder) -> str:
    """Return the mark for programs that this process starts on `folder`."""
    return f"{label(folder)} {folder.path}"


@dataclass(frozen=True)
class Marked:
    """A process that an owner has started, the identity of its folder, and the folder's path then, if it is known."""

    process: psutil.Process
    folder: str
    owner: int
    path: str

    @property
    def has_owner(self) -> bool:
        """Tell whether the owner lives; the children of a dead one have another parent."""
        with suppress(psutil.Error):
            return self.process.ppid() == self.owner
        return False


def end_leftovers(folder: DataFolder) -> None:
    """End what a dead owner of `folder` has left; raise Unusable if a living owner is in the way.

    Only the process that holds the ownership of the folder may call it.
    """
    _wait_while(_find_moved_folder, folder)
    _wait_while(_find_owner, folder)
    # The first is PostgreSQL's "immediate" shutdown, in which it ends its children itself.
    for how in (signal.SIGQUIT, signal.SIGKILL):
        told: set[psutil.Process] = set()
        deadline = time.monotonic() + PATIENCE
        while (left := {one.process for one in started_on(folder)}) and time.monotonic() < deadline:
            for process in left - told:
                with suppress(psutil.Error):
                    process.send_signal(how)
            told |= left
            time.sleep(LOOK)
        if not left:
            return
    pids = ", ".join(sorted(str(process.pid) for process in left))
    raise Unusable(
        f"an earlier Urna has left processes on the data folder {folder.path} that cannot be ended ({pids}): "
        "end them as the user that they belong to, or restart the machine"
    )


def _wait_while(find: Callable[[DataFolder], str | None], folder: DataFolder) -> None:
    # An owner may just be ending: the kernel frees its lock before it gives its children another parent.
    deadline = time.monotonic() + PATIENCE
    while found := find(folder):
        if time.monotonic() > deadline:
            raise Unusable(f"{found}: stop that process first")
        time.sleep(LOOK)


def _find_owner(folder: DataFolder) -> str | None:
    for one in started_on(folder):
        if one.has_owner:
            return f"process {one.owner} runs Urna on the data folder {folder.path}, though its file `lock` is gone"
    return None


def _find_moved_folder(folder: DataFolder) -> str | None:
    for one in _marked():
        if one.path == str(folder.path) and one.folder != folder.identity and _sees_the_same_files(one.process):
            return (
                f"process {one.owner if one.has_owner else one.process.pid} runs Urna on another folder, which was "
                f"{folder.path} before it was moved or removed, and the two would use the same sockets"
            )
    return None


def started_on(folder: DataFolder) -> Iterator[Marked]:
    """Yield the running processes that any owner of a folder has started there."""
    return (one for one in _marked() if one.folder == folder.identity)


def _marked() -> Iterator[Marked]:
    """Yield the processes that owners of data folders have started, except this process and its ancestors."""
    myself = psutil.Process()
    mine = {myself.pid, *(process.pid for process in myself.parents())}
    for process in psutil.process_iter():
        if process.pid not in mine and (found := _read_mark(process)):
            yield found


def _read_mark(process: psutil.Process) -> Marked | None:
    # Other users cannot read the environment of a process, but its title.
    with suppress(psutil.Error, OSError):
        if found := _MARK.fullmatch(process.environ().get(MARK, "")):
            return Marked(process, found["folder"], int(found["owner"]), found["path"])
    with suppress(psutil.Error, OSError):
        if found := _TITLE.match(" ".join(process.cmdline()[:1])):
            return Marked(process, found["folder"], int(found["owner"]), "")
    return None


def _sees_the_same_files(process: psutil.Process) -> bool:
    """Tell whether a path means the same to a process as to this one; in a container it does not."""
    try:
        return os.path.samestat(os.stat(f"/proc/{process.pid}/root"), os.stat("/"))
    except OSError:
        # A system without /proc has no such containers.
        return not os.path.exists("/proc/self/root")
