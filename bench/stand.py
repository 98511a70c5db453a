"""The test stand: servers and roles of its own, each on the cores that a figure asks for."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil

from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port

PROJECT = Path(__file__).resolve().parents[1]
DEADLINE = 120
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
# The measured program has a core of its own; the load shares another one with PostgreSQL and Valkey.
MEASURED, REST = CORES[:1], CORES[1:2] or CORES[:1]
# The load comes through a trusted proxy, so that it can have many addresses.
LIMITS_ON = {"TRUSTED_PROXIES": "127.0.0.1/32"}


class Broken(Exception):
    """A figure cannot be measured; the message says why, in one line."""


def wait_until(condition: Callable[[], Any], what: str, *, seconds: float = DEADLINE, pause: float = 0.02) -> None:
    """Return once `condition` holds; raises Broken with `what` if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Broken(f"in vain for {seconds:.0f} s: {what}")
        time.sleep(pause)


def pinned(command: Sequence[str], cores: Sequence[int]) -> list[str]:
    """Return the command that runs `command` on these cores only, if the machine can do that."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", ",".join(map(str, cores)), *command] if taskset else list(command)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


class Role:
    """A running role: its process, and its port if it has one."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.name, self.process, self.port, self.log = name, process, port, log

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Tell whether the role is ready; raises Broken if it has ended."""
        if self.process.poll() is not None:
            raise Broken(f"{self.name} has ended: {self.log.read_text()[-500:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def memory(self) -> int:
        """Return the memory of all its processes in bytes (PSS, which divides shared memory among them)."""
        return sum(process.memory_full_info().pss for process in family(self.process.pid))

    def processor_time(self) -> float:
        """Return the seconds of processor time that all its processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in family(self.process.pid))


class Stand:
    """Embedded PostgreSQL and Valkey on an empty data folder, and the roles that a figure starts on it.

    `settings` are further variables, which may name another Redis.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.settings = settings or {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="urna-bench-")))
            # PostgreSQL runs as another user if this one is root.
            self.folder.chmod(0o755)
            self.data = DataFolder(self.folder / "data")
            stack.enter_context(embedded.running(self.data, embedded.services(self.data, {})))
            self._use()
            self._stack = stack.pop_all()
        self.place_servers(REST)
        return self

    def __exit__(self, *_: object) -> None:
        from django.db import connections

        connections.close_all()
        self._stack.close()

    def _use(self) -> None:
        """Let this process work on the stand's data, as a management command does."""
        os.environ.update(embedded.environment(self.data, {}), URNA_DATA=str(self.data.path), LOG_LEVEL="ERROR")
        os.environ.update(self.settings)
        os.environ.pop("URNA_ROLE", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "voting_site.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("prepare", demo=True, password_file=self.folder / "password", verbosity=0)

    def place_servers(self, cores: Sequence[int]) -> None:
        """Move PostgreSQL and Valkey to these cores."""
        for process in psutil.Process().children(recursive=True):
            if hasattr(process, "cpu_affinity") and process.name() in ("postgres", "valkey-server"):
                with suppress(psutil.NoSuchProcess):
                    process.cpu_affinity(list(cores))

    @contextmanager
    def role(
        self,
        name: str,
        *,
        cores: Sequence[int] = CORES,
        settings: str = "voting_site.settings",
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Role]:
        """Run a role during the block, on `cores`."""
        from voting_site.roles import ROLES

        port = free_port() if ROLES[name].port else 0
        listen = ["--port", str(port)] if port else []
        command = [sys.executable, str(PROJECT / "manage.py"), "run", name, *listen, *options]
        with self.running(f"{name}", command, port, cores, settings, environment) as role:
            if port:
                wait_until(role.is_ready, f"{name} is ready")
            yield role

    @contextmanager
    def running(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        cores: Sequence[int],
        settings: str,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Role]:
        """Run any server on the stand's data during the block."""
        log = self.folder / f"{name}.log"
        changes = {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(PROJECT), **LIMITS_ON, **(environment or {})}
        with log.open("wb") as output:
            process = subprocess.Popen(
                pinned(command, cores), env=os.environ | changes, stdout=output, stderr=output, cwd=PROJECT
            )
        try:
            yield Role(name, process, port, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_worker() -> None:
    """Return once a worker takes tasks; raises Broken if none does."""
    from celery import current_app

    from polls.ballot_box import inbox

    began = time.monotonic()

    def has_drained() -> bool:
        current_app.send_task("tally.drain_all", expires=5)
        age = inbox.seconds_since_good_drain()
        return age is not None and age < time.monotonic() - began

    wait_until(has_drained, "the worker takes tasks", pause=0.2)
