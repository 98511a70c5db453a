"""Keep the parts of an installation running whatever kills them, as a restart policy does, but without giving up."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from voting_site.local.programs import Program

# Seconds between two looks, and between two starts of the same part.
LOOK = 0.02
PAUSE = 0.3
PATIENCE = 10


class Part:
    """One program, its environment, and whether it should run now."""

    def __init__(self, program: Program, log: Path, environment: Mapping[str, str]) -> None:
        self.name = program.name
        self.program = program
        self.log = log
        self.environment = dict(environment)
        self.wanted = True
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        process = self.process
        return process.pid if process and process.poll() is None else None

    def children(self) -> list[psutil.Process]:
        """Return the processes that this part has forked."""
        if (pid := self.pid) is not None:
            with suppress(psutil.NoSuchProcess):
                return psutil.Process(pid).children(recursive=True)
        return []

    def kill(self) -> bool:
        """Kill the main process; tell whether there was one."""
        if (pid := self.pid) is None:
            return False
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
        return True

    def look(self) -> None:
        """Start the program if it should run and does not."""
        if self.wanted and self.pid is None and time.monotonic() - self._started_at > PAUSE:
            self._started_at = time.monotonic()
            self.starts += 1
            with self.log.open("ab") as output:
                self.process = subprocess.Popen(
                    self.program.command,
                    cwd=self.program.cwd,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )

    def stop(self) -> None:
        """End the program in an orderly way, or else by force."""
        self.wanted = False
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.program.stop_signal)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Keeper:
    """Starts the parts, and again what has died. One thread does it for as long as the harness runs.

    The kernel ends a part when the thread that started it ends, which is why no other thread may.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def add(self, part: Part) -> None:
        self.parts[part.name] = part

    def _keep(self) -> None:
        while not self._stop.wait(LOOK):
            for part in list(self.parts.values()):
                part.look()

    def close(self, order: Sequence[str] = ()) -> None:
        """Stop all parts, those in `order` last."""
        for part in sorted(self.parts.values(), key=lambda one: one.name in order):
            part.stop()
        self._stop.set()
        self._thread.join()
