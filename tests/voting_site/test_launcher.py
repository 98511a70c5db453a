"""The launcher, on small projects that need no package: nothing here goes to the network."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "urna"
MANAGE = """
import os, sys
print(sys.argv[1:], os.getcwd(), sys.prefix)
"""
# Runs the launcher in argv[1] with `{sabotage}` done before.
SABOTAGED = """
import importlib.util, runpy, sys
{sabotage}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

pytestmark = [pytest.mark.long, pytest.mark.large]


def make_project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(LAUNCHER, folder)
    (folder / "manage.py").write_text(MANAGE)
    for suffix in ("", "-local", "-dev", "-bench"):
        (folder / f"requirements{suffix}.txt").touch()
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Return an environment without uv on the path, and with a pip that asks nobody."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PATH": "/usr/bin:/bin"}
    return kept | offline | changes


def call(project: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(project / "urna"), *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )


def call_sabotaged(project: Path, sabotage: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SABOTAGED.format(sabotage=sabotage), str(project / "urna"), "up"],
        env=environment(PATH=""),
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which one call has been made."""
    project = make_project(tmp_path_factory.mktemp("launcher") / "a project, with spaces")
    first = call(project, "manage", "check")
    assert first.returncode == 0, first.stderr
    assert first.stderr.startswith("urna: installing what Urna needs into .venv")
    return project


class TestLauncher:
    def test_hands_over_at_once_when_all_is_installed(self, project: Path, tmp_path: Path) -> None:
        later = call(project, "manage", "recount", "--repair", cwd=tmp_path)
        assert later.stdout == f"{['recount', '--repair']} {tmp_path} {project / '.venv'}\n"
        assert later.stderr == ""
        assert call(project, "up", "--data", "x").stdout.startswith("['up', '--data', 'x']")

    def test_notices_a_changed_requirements_file(self, project: Path) -> None:
        (project / "requirements.txt").write_text("# changed\n")
        assert "installing" in call(project, "manage").stderr
        assert call(project, "manage").stderr == ""

    def test_installs_more_for_the_tests(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # Pytest itself is not in the empty requirements of this project.
        assert "installing" in call(project, "test").stderr
        again = call(project, "test")
        assert again.stderr.strip().endswith("No module named pytest")
        assert "installing" not in again.stderr

        # A run of them keeps what it compiles.
        (project / "pytest.py").write_text("import sys; print(sys.dont_write_bytecode)")
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        assert call(project, "test").stdout == "False\n"
        (project / "pytest.py").unlink()

    def test_builds_anew_where_the_project_was_moved(self, project: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(project, tmp_path / "copy", symlinks=True)
        moved = call(copy, "manage")
        assert "installing" in moved.stderr
        assert str(copy / ".venv") in moved.stdout

    def test_names_cause_and_remedy_when_a_package_cannot_be_had(self, project: Path) -> None:
        (project / "requirements-local.txt").write_text("no-such-package==1\n")
        failed = call(project, "up")
        assert failed.returncode == 1
        start, reason = failed.stderr.splitlines()
        assert "installing" in start
        assert "no-such-package" in reason
        assert "check the network connection" in reason

        # The next calls try again, and one of them waits for the other.
        (project / "requirements-local.txt").write_text("")
        command = [sys.executable, str(project / "urna"), "manage"]
        both = [subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert sorted("installing what" in text for text in said) == [False, True]
        assert sorted("waiting for another" in text for text in said) == [False, True]


class TestComplaints:
    @pytest.mark.parametrize(
        ("sabotage", "complaint"),
        [
            (
                "import os; os.access = lambda path, mode: False",
                "urna: {project} cannot be written, and has to be for installing: run ./urna as its owner\n",
            ),
            ("sys.version_info = (3, 8, 10)", "urna: Python 3.8 is too old: install Python 3.11 or newer\n"),
            (
                "importlib.util.find_spec = lambda name: None",
                "urna: installing what Urna needs into .venv, which takes about a minute the first time\n"
                "urna: this Python comes without venv: install it (Debian, Ubuntu: apt install python3-venv)\n",
            ),
        ],
    )
    def test_name_cause_and_remedy(self, tmp_path: Path, sabotage: str, complaint: str) -> None:
        project = make_project(tmp_path / "project")
        complained = call_sabotaged(project, sabotage)
        assert complained.returncode == 1
        assert complained.stderr == complaint.format(project=project)

    def test_can_be_made_by_an_old_python(self) -> None:
        ast.parse(LAUNCHER.read_text(), feature_version=(3, 6))

    def test_name_the_commands_there_are(self) -> None:
        unknown = call(LAUNCHER.parent, "vote")
        assert unknown.returncode == 1
        known = "up, manage, test, faults, backup, restore, drill, verify, bench"
        assert unknown.stderr == f"urna: there is no command 'vote': choose one of {known}\n"


class TestHelp:
    @pytest.mark.parametrize("arguments", [(), ("--help",)])
    def test_lists_the_commands(self, arguments: tuple[str, ...]) -> None:
        shown = call(LAUNCHER.parent, *arguments)
        assert shown.returncode == 0
        assert shown.stdout.startswith("usage: ./urna COMMAND")
        assert "manage" in shown.stdout
