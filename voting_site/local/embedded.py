"""Real PostgreSQL and Valkey servers as child processes, for running Urna and its tests on one machine.

Each is used in place of a server that the environment names with `DATABASE_URL` or `REDIS_URL`.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from ..roles import own_variable
from .data_folder import ANOTHER_FOLDER, DataFolder, Unusable
from .leftovers import end_leftovers
from .postgres import Postgres
from .programs import Program
from .valkey import Valkey

# Seconds that a service may take to start, or to recover from a kill; and to stop.
START_TIMEOUT = 60
STOP_TIMEOUT = 10


class Service(Protocol):
    """A server that can be embedded."""

    variable: str
    url: str

    @property
    def roles(self) -> tuple[str, ...]: ...

    def url_of(self, role: str) -> str: ...

    @property
    def program(self) -> Program: ...

    def prepare(self) -> None: ...

    def answers(self) -> bool: ...


def services(folder: DataFolder, environ: Mapping[str, str] = os.environ) -> list[Service]:
    """Return the services to embed: those for which `environ` names no server of the user's own."""
    known: list[Service] = [Postgres(folder), Valkey(folder)]
    return [
        service
        for service in known
        if environ.get(service.variable, service.url) == service.url and f"{service.variable}_FILE" not in environ
    ]


def urls(service: Service) -> dict[str, str]:
    """Return the addresses of a service by variable: its owner's, and that of each role's user.

    They have no passwords: only the user who could read the passwords can reach the sockets.
    """
    own = {own_variable(role, service.variable): service.url_of(role) for role in service.roles}
    return {service.variable: service.url, **own}


def environment(folder: DataFolder, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that make Django use this data folder, without those that `environ` has."""
    found = {name: url for service in services(folder, environ) for name, url in urls(service).items()}
    if "SECRET_KEY" not in environ and "SECRET_KEY_FILE" not in environ:
        found["SECRET_KEY_FILE"] = str(folder.secret_key())
    return found


def prepare(folder: DataFolder, wanted: Sequence[Service]) -> None:
    """Prepare everything for a start by the owner of the folder, and end processes that a killed owner has left."""
    end_leftovers(folder)
    folder.create_sockets()
    with folder.usable():
        for service in wanted:
            service.prepare()


@contextmanager
def running(folder: DataFolder, wanted: Sequence[Service]) -> Iterator[None]:
    """Keep the services `wanted` running during the block: as a visitor if another process runs them, or as owner."""
    folder.create()
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        with folder.ownership() as ours:
            if ours:
                with _started(folder, wanted):
                    yield
                return
        with folder.visit():
            if all(service.answers() for service in wanted):
                yield
                return
        time.sleep(0.1)
    raise Unusable(
        f"process {folder.owner()} has the data folder {folder.path}, but its services do not answer: "
        f"stop it, or {ANOTHER_FOLDER}"
    )


@contextmanager
def _started(folder: DataFolder, wanted: Sequence[Service]) -> Iterator[None]:
    prepare(folder, wanted)
    with ExitStack() as stack:
        children = {}
        for service in wanted:
            log = folder.path / f"{service.program.name}.log"
            with folder.usable():
                child = service.program.start(log)
            stack.callback(_stop, child, service.program)
            children[child.pid] = (service, child, log)
        for service, child, log in children.values():
            _wait_for(service, child, log)
        try:
            yield
        finally:
            stack.enter_context(folder.without_visitors())


def _wait_for(service: Service, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not service.answers():
        if child.poll() is not None or time.monotonic() > deadline:
            raise Unusable(f"{service.program.name} does not start: {_last_words(log, service.program)} (see {log})")
        time.sleep(0.02)


def _last_words(log: Path, program: Program) -> str:
    """Return the line that says why a program has ended: behind it may be hints, and before it what is always said."""
    lines = log.read_text(errors="replace").strip().splitlines()
    said = [line for line in lines if not any(part in line for part in program.noise)] or ["it says nothing"]
    return next((line for line in reversed(said) if "FATAL:" in line or "PANIC:" in line), said[-1])


def _stop(child: subprocess.Popen[bytes], program: Program) -> None:
    child.send_signal(program.stop_signal)
    try:
        child.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
