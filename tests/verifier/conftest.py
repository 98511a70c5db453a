"""A good folder, made once, and the command run on copies of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verifier import folders
from tests.verifier.folders import PAPER, Record
from verifier.__main__ import main

# Two bundles, the second one partial, and so a tile of level 1.
ENTRIES = 300
GOOD = Record(folders.invent(PAPER, ENTRIES), gone={"irv": ("bee",), "approval": ("cat", "dog"), "schulze": ("ant",)})

Verify = Callable[..., str]


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files, which no test changes."""
    folder = GOOD.write(tmp_path_factory.mktemp("record") / "good")
    entries = GOOD.entries()
    folders.write(folder, "checkpoint", folders.checkpoint(entries, witnesses=("w1", "w2")))
    folders.write(folder, "policy", folders.policy("two", "group two 2 w1 w2 w3"))
    for size in (0, 1, 255, 256, 257, 300):
        folders.write(folder, f"checkpoints/{size}", folders.checkpoint(entries[:size]))
    return folder


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    """A copy of the good folder."""
    return Path(shutil.copytree(untouched, tmp_path / "record"))


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Return a function that runs the command, requires its exit code, and returns what it writes."""

    def run(folder: Path, *arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([str(folder), *arguments]) == code
        written = capsys.readouterr()
        return written.err if code == 2 else written.out

    return run


@pytest.fixture
def fault(verify: Verify) -> Verify:
    """Return a function that runs the command on a bad folder, and returns the sentence of what is wrong."""

    def run(folder: Path, *arguments: str) -> str:
        [bad] = [line for line in verify(folder, *arguments, code=1).splitlines() if line.startswith("BAD")]
        return bad.removeprefix("BAD  ")

    return run
