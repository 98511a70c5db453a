"""Keep the programs of a local Urna running, with Supervisor as a library.

Supervisor starts programs, restarts them with a growing delay, and stops them. This module tells it what to run, and
shows the logs with the name of each program. It ends everything only if a program that voting needs ends too often.
"""

import shlex
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.poller import Poller
from supervisor.states import ProcessStates, SupervisorStates
from supervisor.supervisord import Supervisor

from .programs import Program
from .restarts import Restarts

# Seconds that a program has to run before its start counts as a success.
SUCCESS = 60
LAST_LINES = 20
# Seconds between the signal to stop and SIGKILL.
PATIENCE = 9
# Seconds between two looks at what has happened.
TICK = 0.1
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)


@dataclass(frozen=True)
class Group:
    """Programs that are stopped together.

    `once` are the programs that end by themselves when their work is done. `after` maps a program to another one of
    the group, which has to have done its work before the first one is started.
    """

    name: str
    programs: Sequence[Program]
    once: frozenset[str] = frozenset()
    after: Mapping[str, str] = field(default_factory=dict)


def configuration(groups: Sequence[Group]) -> str:
    """Return Supervisor's configuration for `groups`, of which the last is stopped first."""
    lines = [
        "[supervisord]",
        "nodaemon = true",
        "silent = true",
        "logfile = /dev/null",
        "logfile_maxbytes = 0",
        "nocleanup = true",
        "minfds = 256",
        "minprocs = 64",
    ]
    for priority, group in enumerate(groups, start=1):
        names = ",".join(program.name for program in group.programs)
        lines += [f"[group:{group.name}]", f"programs = {names}", f"priority = {priority}"]
        for program in group.programs:
            once = program.name in group.once
            lines += [
                f"[program:{program.name}]",
                # Supervisor would take a ` #` in a path for a comment, but not one in an expansion.
                f"command = %(COMMAND_{program.name})s",
                f"autostart = {'false' if program.name in group.after else 'true'}",
                f"autorestart = {'unexpected' if once else 'true'}",
                "exitcodes = 0",
                # A program that ends within this time starts again with a delay that grows by a second each time.
                f"startsecs = {0 if once else SUCCESS}",
                "startretries = 1000000",
                f"stopsignal = {program.stop_signal.name.removeprefix('SIG')}",
                f"stopwaitsecs = {PATIENCE}",
                "killasgroup = true",
                "redirect_stderr = true",
                "stdout_logfile = NONE",
                "stdout_events_enabled = true",
            ]
    return "\n".join(lines) + "\n"


class _Poller(Poller):
    def poll(self, timeout: float) -> tuple[list[int], list[int]]:
        """Return soon: signals and ends of programs are noticed only between two calls."""
        return super().poll(min(timeout, TICK))


class _Options(ServerOptions):
    def __init__(self, programs: Sequence[Program]) -> None:
        super().__init__()
        self.poller = _Poller(self)
        self.environ_expansions |= {f"COMMAND_{program.name}": shlex.join(program.command) for program in programs}

    def write_pidfile(self) -> None:
        """Do nothing: the lock on the data folder holds the process id."""


class Keeper(Supervisor):
    """Runs groups of programs until a signal, or until one that voting needs has ended too often.

    `is_needed` says of a program that has ended too often whether voting needs it; all others are started again for
    ever. `without` says, for the log, what does not work while a program is down.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        config: Path,
        on_tick: Callable[["Keeper"], None],
        is_needed: Callable[[str], bool],
        without: Mapping[str, str],
    ) -> None:
        programs = [program for group in groups for program in group.programs]
        options = _Options(programs)
        config.write_text(configuration(groups))
        options.realize(["-c", str(config)])
        options.first, options.test = True, False
        super().__init__(options)
        self.on_tick = on_tick
        self.is_needed = is_needed
        self.without = without
        self.failed: str | None = None
        self._programs = {program.name: program for program in programs}
        self._width = max(map(len, self._programs))
        self._partial: dict[str, bytes] = defaultdict(bytes)
        self._last_lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LAST_LINES))
        self._restarts: dict[str, Restarts] = defaultdict(Restarts)
        self._last_tick = 0.0
        self._held = {name: first for group in groups for name, first in group.after.items()}

    def keep(self) -> None:
        """Run everything, and return when everything has stopped; `failed` then names the cause, if any."""
        with suppress(ExitNow):
            self.main()

    def has_done(self, name: str) -> bool:
        """Tell whether a program that ends by itself has done so, with success."""
        process = self._process(name)
        return process.get_state() == ProcessStates.EXITED and process.exitstatus == 0

    def _process(self, name: str) -> Any:
        groups = self.process_groups.values()
        return next(group.processes[name] for group in groups if name in group.processes)

    def last_lines(self, name: str) -> list[str]:
        """Return the end of a program's log."""
        return list(self._last_lines[name])

    def say(self, name: str, line: str) -> None:
        """Print one line of log with the name of its program."""
        label = f"{name:<{self._width}} |"
        if sys.stdout.isatty():
            colour = COLOURS[list(self._programs).index(name) % len(COLOURS)] if name in self._programs else 1
            label = f"\033[{colour}m{label}\033[0m"
        # A log that cannot be written, on a full disk or into a closed pipe, must not end the voting.
        with suppress(OSError):
            sys.stdout.write(f"{label} {line}\n")
            sys.stdout.flush()

    def runforever(self) -> None:
        # Not earlier, because `run` first clears all subscriptions.
        events.subscribe(events.ProcessLogEvent, self._log)
        events.subscribe(events.ProcessStateBackoffEvent, self._note_failure)
        events.subscribe(events.ProcessStateExitedEvent, self._note_exit)
        events.subscribe(events.ProcessStateRunningEvent, self._note_success)
        super().runforever()

    def tick(self, now: float | None = None) -> None:
        super().tick(now)
        # Supervisor also ticks at each line of log, and a readiness check of `on_tick` may cause such a line.
        if time.monotonic() - self._last_tick >= TICK:
            self._start_what_was_held()
            self.on_tick(self)
            self._last_tick = time.monotonic()

    def _start_what_was_held(self) -> None:
        for name, first in list(self._held.items()):
            # Supervisor would forget a program that is started while the others stop.
            if self.has_done(first) and self.options.mood > SupervisorStates.RESTARTING:
                del self._held[name]
                self._process(name).spawn()

    def _log(self, event: events.ProcessLogEvent) -> None:
        name = event.process.config.name
        *lines, self._partial[name] = (self._partial[name] + event.data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text and not any(part in text for part in self._programs[name].noise):
                self._last_lines[name].append(text)
                self.say(name, text)

    def _note_exit(self, event: events.ProcessStateExitedEvent) -> None:
        process = event.process
        if process.config.startsecs:
            self._note_end(process)
        elif event.expected:
            self._note_recovery(process.config.name)
        else:
            # By itself, Supervisor would start it again at once.
            process.change_state(ProcessStates.BACKOFF)

    def _note_failure(self, event: events.ProcessStateBackoffEvent) -> None:
        process = event.process
        self._note_end(process)
        # By itself, Supervisor would make the pause longer without a limit.
        process.backoff = self._restarts[process.config.name].pause
        process.delay = time.time() + process.backoff

    def _note_success(self, event: events.ProcessStateRunningEvent) -> None:
        # A program that ends by itself counts as running from the start, and succeeds when it ends.
        if event.process.config.startsecs:
            self._note_recovery(event.process.config.name)

    def _note_end(self, process: Any) -> None:
        if self.options.mood <= SupervisorStates.RESTARTING:
            return
        name, now = process.config.name, time.monotonic()
        if process.spawnerr and not self._last_lines[name]:
            self._last_lines[name].append(process.spawnerr)
        restarts = self._restarts[name]
        restarts.note_end(now)
        if restarts.are_too_many(now) and self.is_needed(name):
            self.failed = self.failed or name
            self.options.mood = SupervisorStates.SHUTDOWN
        elif restarts.is_news(now):
            self.say(name, self._describe(name, restarts) if restarts.is_storm else "has ended; it is started again")

    def _describe(self, name: str, restarts: Restarts) -> str:
        without = f". {self.without[name]}" if name in self.without else ""
        return (
            f"has ended {restarts.in_a_row} times in a row, and is started again and again{without}. "
            "What it says is above; mend that, and it comes back by itself"
        )

    def _note_recovery(self, name: str) -> None:
        if ends := self._restarts[name].note_recovery():
            self.say(name, f"is well again, after it had ended {ends} times in a row")
