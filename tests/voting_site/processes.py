"""Running the project's commands as a user does, and waiting for what they do."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from tests.plugin import copy, make_cluster, make_once
from voting_site.local import static_files
from voting_site.local.ports import free_port
from voting_site.roles import PORTS, ROLES

PROJECT = Path(__file__).parents[2]
MANAGE = [sys.executable, "-u", str(PROJECT / "manage.py")]
WEB_ROLES = list(PORTS)
# The processes of a worker: one that counts, with two children, and one for acts.
WORKER = 4
# Seconds; a loaded machine needs many, an idle one a fraction of one.
DEADLINE = 180
# Variables that this test run has set, and that a new terminal does not have.
SETTLED = re.compile(r"(\w+_)?(DATABASE|REDIS|BALLOT_BOX)_URL|SECRET_KEY(_FILE)?|URNA_DATA|URNA_ROLE")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return once `condition` holds; fail the test with `what` if it never does."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)


def answers(port: int, path: str = "/healthz", address: str = "127.0.0.1") -> bool:
    """Tell whether a role answers with 200."""
    host = f"[{address}]" if ":" in address else address
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def fresh_environment(**changes: str) -> dict[str, str]:
    """Return the environment of a terminal in which nothing of Urna is set."""
    return {name: value for name, value in os.environ.items() if not SETTLED.fullmatch(name)} | changes


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [*MANAGE, *arguments], env=fresh_environment(**environment), capture_output=True, text=True, timeout=DEADLINE
    )


class Running:
    """A management command that runs in the background during a `with` block, with its output in a file."""

    def __init__(self, log: Path, *arguments: str, **environment: str) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*MANAGE, *arguments], env=fresh_environment(**environment), stdout=output, stderr=output
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until the command has printed `text`."""
        wait_until(lambda: text in self.output or self.process.poll() is not None, f"{text!r} in {self.log}")
        assert text in self.output, self.output

    def family(self) -> list[psutil.Process]:
        """Return the process and everything that it has started."""
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]

    def find_child(self, text: str) -> psutil.Process | None:
        """Return the direct child with `text` in its command line, if there is one."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if text in " ".join(child.cmdline()):
                    return child
        return None

    def child(self, text: str) -> psutil.Process:
        """Return the direct child with `text` in its command line, once there is one."""
        found: list[psutil.Process] = []

        def look() -> bool:
            found.extend(filter(None, [self.find_child(text)]))
            return bool(found)

        wait_until(look, f"a child {text!r}")
        return found[0]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the command, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(DEADLINE)


def find_acts(worker: Running) -> psutil.Process:
    """Return the process of a worker that does acts: its oldest child."""
    return min(psutil.Process(worker.process.pid).children(), key=psutil.Process.create_time)


def copy_prepared(place: Path) -> Path:
    """Make a data folder at `place` as a first start leaves it: with the demo election, and nobody has signed in.

    A start on nothing needs twice the time. So the first test of a run makes the folder, and all others copy it.
    """
    copy(make_once("prepared", _prepare), place)
    return place


def _prepare(place: Path) -> None:
    copy(make_once("cluster", make_cluster), place)
    # Where `up` finds what it shows once.
    firsts = ("--password-file", str(place / "first_password"), "--link-file", str(place / "first_link"))
    done = run("prepare", "--data", str(place), "--demo", *firsts)
    assert done.returncode == 0, done.stderr
    assert static_files.gather(place / "static")


# Runs the code of each line that it reads, and answers with a line: what the code printed, and how it failed.
LISTEN = """
import contextlib, io, json, sys, traceback
from django.db import connection
for line in sys.stdin:
    printed, failure = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(json.loads(line), {})
        except BaseException:
            failure = traceback.format_exc()
    connection.close()
    print(json.dumps([printed.getvalue(), failure]), flush=True)
"""


class Shell:
    """A `manage.py shell` that stays: each command by `run` takes most of a second of processor time to start."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [*MANAGE, "shell", "--data", str(data), "-v0", "-c", LISTEN],
            env=fresh_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def execute(self, code: str) -> str:
        """Run Python code; return what it prints, and fail the test where it raises something."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(code), file=self._process.stdin, flush=True)
        printed, failure = json.loads(self._process.stdout.readline())
        assert not failure, failure
        return str(printed)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=DEADLINE)


class Up(Running):
    """`manage.py up` on free ports; on a prepared data folder, unless `data` names another one."""

    def __init__(
        self, folder: Path, *options: str, data: Path | None = None, host: str = "", **environment: str
    ) -> None:
        self.data = data or copy_prepared(folder / "data")
        needs = {name: ROLES[name].needs for name in WEB_ROLES}
        self.ports = {name: free_port() for name in WEB_ROLES if not needs[name] or needs[name] in environment}
        ports = [part for name, port in self.ports.items() for part in (f"--{name}-port", str(port))]
        self._shell: Shell | None = None
        where = ("--host", host) if host else ()
        super().__init__(folder / "log", "up", "--data", str(self.data), *where, *options, *ports, **environment)

    def __exit__(self, *_: object) -> None:
        if self._shell:
            self._shell.close()
        super().__exit__()

    def execute(self, code: str) -> str:
        """Run Python code beside the roles; return what it prints, and fail the test where it raises something."""
        self._shell = self._shell or Shell(self.data)
        return self._shell.execute(code)

    def call(self, *arguments: str) -> str:
        """Run a management command beside the roles; return what it prints, and fail the test where it fails."""
        return self.execute(f"from django.core.management import call_command; call_command(*{arguments!r})")

    def wait_until_ready(self) -> None:
        """Wait for the start message."""
        self.wait_for("Ctrl-C stops everything.")

    def add_administrator(self, name: str, password: str) -> None:
        """Make an account for the administration, beside the first one."""
        make = "from django.contrib.auth.models import User; User.objects.create_superuser"
        self.execute(f"{make}({name!r}, '{name}@example.org', {password!r})")


class Alone(Running):
    """`manage.py run ROLE` on a free port, over the servers of this test run."""

    def __init__(self, folder: Path, role: str, *options: str, **environment: str) -> None:
        self.port = free_port()
        servers = {name: value for name, value in os.environ.items() if SETTLED.fullmatch(name) and name != "URNA_ROLE"}
        super().__init__(
            folder / f"{role}.log", "run", role, "--port", str(self.port), *options, **servers | environment
        )

    def __enter__(self) -> Self:
        wait_until(lambda: self.process.poll() is not None or answers(self.port), f"an answer, see {self.log}")
        assert self.process.poll() is None, self.output
        return self


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
