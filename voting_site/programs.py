"""Child processes of a local Urna, which must not outlive it."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# Seconds that a left-over has for its own shutdown before it is killed.
LEFTOVER_PATIENCE = 5
# Seconds by which a start time may move when the clock is set.
SAME_START = 2


@dataclass(frozen=True)
class Program:
    """A command to be run as a child.

    `run_as` is the beginning of a command that changes the user, and `noise` are parts of output lines that
    nobody needs to read.
    """

    name: str
    argv: tuple[str, ...]
    run_as: tuple[str, ...] = ()
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    noise: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command that, on Linux, gets `death_signal` from the kernel when its parent dies."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            return [*self.run_as, *self.argv]
        # A change of user clears the wish, so that it comes last.
        return [*self.run_as, setpriv, "--pdeathsig", self.death_signal.name.removeprefix("SIG"), *self.argv]

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the program, with its output in `log` and out of reach of the terminal's Ctrl-C."""
        log.unlink(missing_ok=True)
        with log.open("wb") as output:
            return subprocess.Popen(
                self.command,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def record(file: Path, pids: Iterable[int]) -> None:
    """Note which processes are ours, for `clean_up` after a death that took no leave."""
    started = {}
    for pid in pids:
        try:
            started[str(pid)] = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            continue
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(started))
    draft.replace(file)


def clean_up(file: Path) -> None:
    """End what is left of the processes noted in `file`, and their children."""
    try:
        started = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return
    left: list[psutil.Process] = []
    for pid, create_time in started.items():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            # Another process may have the number by now.
            if abs(process.create_time() - create_time) < SAME_START:
                left += [process, *process.children(recursive=True)]
                # PostgreSQL's "immediate" shutdown, in which it ends its children itself.
                process.send_signal(signal.SIGQUIT)
    _, left = psutil.wait_procs(left, timeout=LEFTOVER_PATIENCE)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=LEFTOVER_PATIENCE)
    file.unlink()
