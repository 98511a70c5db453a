"""Try a backup: restore it elsewhere, count again, and compare it with the Urna that runs, or with what it says."""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage

from ..backup.archive import Archive, Plan
from ..backup.checking import check, read_contents_of
from ..backup.contents import ElectionState
from ..backup.laying_out import Told
from .data_folder import DataFolder, Unusable
from .own_code import MANAGE
from .restoring import restore

# Variables that name servers and secrets, which are others for each data folder.
_SETTLED = re.compile(r"(\w+_)?(DATABASE|REDIS)_URL(_FILE)?|SECRET_KEY(_FILE)?|URNA_DATA|URNA_ROLE")


@dataclass
class Findings:
    """What a drill has found. `lost` and `seconds` are what the Urna that runs has, and the backup has not."""

    until: str = ""
    ballots: int = 0
    elections: int = 0
    lost: int = 0
    seconds: float = 0.0
    compared_with: str = ""
    took: float = 0.0
    problems: list[str] = field(default_factory=list)


class Look:
    """Looks at one data folder, or at the servers that the environment names: a process of `manage.py drill_look`."""

    def __init__(self, folder: Path | None, *options: str) -> None:
        environment = dict(os.environ)
        command = [*MANAGE, "drill_look", *options]
        if folder:
            environment = {name: value for name, value in environment.items() if not _SETTLED.fullmatch(name)}
            command += ["--data", str(folder)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said
        )
        self._read()

    def ask(self, question: Any = None) -> Any:
        """Send a line, and return the answer; raises Unusable."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise Unusable(f"the elections cannot be looked at: {lines[-1]}")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._said.close()


@contextmanager
def looking(folder: Path | None, *options: str) -> Iterator[Look]:
    """Have a look at a data folder, or at the servers that the environment names, during the block."""
    look = Look(folder, *options)
    try:
        yield look
    finally:
        look.close()


def drill(
    archive: Archive,
    name: str,
    identities: Sequence[pyrage.x25519.Identity],
    *,
    running: DataFolder | None,
    place: Path | None,
    told: Told,
) -> Findings:
    """Restore a backup into a new folder in `place`, and compare it; raises Unusable if it cannot be restored.

    Without `running` it is compared with what runs on the servers that the environment names.
    """
    began = time.monotonic()
    found = Findings()
    with archive.reading(), tempfile.TemporaryDirectory(prefix="urna-drill-", dir=place) as temporary:
        if running is None or is_running(running):
            with looking(running.path if running else None) as look:
                # Both within a moment: what comes later is no loss.
                plan = archive.plan(name)
                known = [ElectionState(**one) for one in look.ask()["elections"]]
                check(plan, identities)
                found.compared_with = f"the Urna that runs on {running.path if running else 'these servers'}"
                _try(found, plan, identities, Path(temporary), known, told, look)
        else:
            plan = archive.plan(name)
            check(plan, identities)
            _, known = read_contents_of(plan, identities)
            found.compared_with = "what the backup says of itself: no Urna runs here"
            _try(found, plan, identities, Path(temporary), known, told, None)
    found.took = time.monotonic() - began
    return found


def is_running(folder: DataFolder) -> bool:
    """Tell whether an Urna runs on a data folder."""
    if not folder.path.exists():
        return False
    with folder.ownership() as ours:
        return not ours


def _try(
    found: Findings,
    plan: Plan,
    identities: Sequence[pyrage.x25519.Identity],
    temporary: Path,
    known: list[ElectionState],
    told: Told,
    running: Look | None,
) -> None:
    folder = DataFolder(temporary / "data")
    restore(plan, folder, identities, replace=False, another=False, told=told)
    told("counting again")
    found.until = plan.until
    with looking(folder.path, "--restored") as look:
        answer = look.ask()
        restored = {one["slug"]: ElectionState(**one) for one in answer["elections"]}
        found.problems += answer["problems"]
        heads = {one.log: one.head for one in known if one.log}
        if running:
            # The record that runs has grown out of the restored one.
            grown = {one.log: one.head for one in restored.values() if one.log}
            found.problems += [
                f"{one}: the record that runs does not begin like this one" for one in running.ask(grown)
            ]
            look.ask({})
        else:
            found.problems += [f"{one}: the record is not the one that was saved" for one in look.ask(heads)]
    counted: dict[str, int] = answer["counted"]
    found.elections, found.ballots = len(counted), sum(counted.values())
    for one in known:
        if one.slug not in counted:
            found.problems.append(f"{one.slug} is missing")
        elif (lost := one.ballots - counted[one.slug]) > 0:
            found.lost += lost
            found.seconds = max(found.seconds, one.last - restored[one.slug].last)
            if running is None:
                found.problems.append(f"{one.slug}: {lost} ballots are missing that the backup had")
