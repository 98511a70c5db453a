"""Child processes of a local Urna, which must not outlive it."""

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .leftovers import MARK


@dataclass(frozen=True)
class Program:
    """A command to be run as a child.

    `mark` says who started it, `run_as` is the beginning of a command that changes the user, and `noise` has parts of
    output lines that are not shown.
    """

    name: str
    argv: tuple[str, ...]
    mark: str = ""
    run_as: tuple[str, ...] = ()
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    noise: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command that, on Linux, gets `death_signal` from the kernel when its parent dies."""
        marked = ("env", f"{MARK}={self.mark}") if self.mark else ()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            return [*marked, *self.run_as, *self.argv]
        # A change of user clears this setting, so that it comes last.
        wish = (setpriv, "--pdeathsig", self.death_signal.name.removeprefix("SIG"))
        return [*marked, *self.run_as, *wish, *self.argv]

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
