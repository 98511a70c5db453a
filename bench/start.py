"""How long `./urna up` takes until everything serves, on existing data."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port

from .figure import Figure, in_turn
from .stand import PROJECT, Broken, Stand

READY = b"Ctrl-C stops everything."


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the time of a warm start, beside that of PostgreSQL and Valkey alone."""
    folder = stand.folder / "up"
    start_everything(folder)
    servers, everything = in_turn(1 if quick else 3, lambda: start_servers(folder), lambda: start_everything(folder))
    yield Figure(
        "start",
        everything,
        "s",
        servers,
        "PostgreSQL and Valkey alone",
        less_is_better=True,
        goal="5 s",
        reached=everything <= 5,
        note="warm, to serving",
    )


def start_everything(folder: Path) -> float:
    """Return the seconds from the command to the line that says that everything serves; then stop everything."""
    ports = [part for name in ("vote", "result", "admin") for part in (f"--{name}-port", str(free_port()))]
    started = time.perf_counter()
    command = [sys.executable, "-u", str(PROJECT / "manage.py"), "up", "--data", str(folder), *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()) as process:
        said = b""
        for line in process.stdout or ():
            said += line
            if READY in line:
                break
        seconds = time.perf_counter() - started
        process.terminate()
        process.communicate()
    if READY not in said:
        raise Broken(f"`up` does not come up: {said[-300:]!r}")
    return seconds


def start_servers(folder: Path) -> float:
    """Return the seconds until both servers answer."""
    data = DataFolder(folder)
    started = time.perf_counter()
    with embedded.running(data, embedded.services(data, {})):
        return time.perf_counter() - started


def _environment() -> dict[str, str]:
    import os

    settled = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE", "URNA_DATA", "URNA_ROLE")
    return {name: value for name, value in os.environ.items() if not name.startswith(settled)}
