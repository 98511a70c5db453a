"""The release before this one, as files of its own, beside this one: what is run of either on one data folder."""

import os
import subprocess
import sys
import tarfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from tests.voting_site.processes import DEADLINE, PROJECT, fresh_environment
from voting_site import __version__

# The commit of release 1.0.0, for clones without its tag.
RELEASED = "8026c37"


def git(*arguments: str) -> bytes:
    """Return what git says about this clone; raises CalledProcessError."""
    return subprocess.run(["git", *arguments], cwd=PROJECT, check=True, capture_output=True).stdout


def find_reference() -> str:
    """Return which commit holds the release before: UPGRADE_FROM, or the newest tag of another version."""
    if named := os.environ.get("UPGRADE_FROM"):
        return named
    tags = git("tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v[0-9]*").decode().split()
    return next((tag for tag in tags if tag != f"v{__version__}"), RELEASED)


def check_out(folder: Path) -> Path:
    """Put the files of the release before into a folder; skip the test if this clone does not have them."""
    with suppress(OSError, subprocess.CalledProcessError):
        with tarfile.open(fileobj=BytesIO(git("archive", find_reference()))) as archive:
            archive.extractall(folder, filter="data")
        return folder
    pytest.skip("the commit of the release before is not in this clone: git fetch --unshallow --tags")


class Release:
    """One release, by the folder of its files; its processes are started as an operator starts them."""

    def __init__(self, place: Path, data: Path) -> None:
        self.place, self.data = place, data
        self._python = sys.executable
        if not self._pins() <= Release._pins_of(PROJECT):
            # It installs its own packages, as it would in a clone.
            subprocess.run([place / "urna", "manage", "version"], env=fresh_environment(), check=True)
            self._python = str(place / ".venv" / "bin" / "python")

    def _pins(self) -> set[str]:
        return Release._pins_of(self.place)

    @staticmethod
    def _pins_of(place: Path) -> set[str]:
        lines = (place / "requirements-local.txt").read_text().splitlines()
        return {line.split()[0] for line in lines if line[:1].isalnum()}

    def _command(self, *arguments: str) -> list[str]:
        return [self._python, "-u", str(self.place / "manage.py"), *arguments, "--data", str(self.data)]

    def start(self, log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command in the background, with its output at the end of a file."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self._command(*arguments), cwd=self.place, env=fresh_environment(), stdout=output, stderr=output
            )

    def run(self, *arguments: str) -> str:
        """Run a command to its end, and return what it says; fail the test if it fails."""
        done = subprocess.run(
            self._command(*arguments), cwd=self.place, env=fresh_environment(), capture_output=True, text=True,
            timeout=DEADLINE,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def execute(self, code: str) -> str:
        """Return what Python code prints that runs with this release, and with nothing but its files."""
        done = subprocess.run([self._python, "-c", code], cwd=self.place, check=True, capture_output=True, text=True)
        return done.stdout
