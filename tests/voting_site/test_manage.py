"""Any management command on the servers of a data folder: `manage.py`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from voting_site.local.data_folder import DataFolder
from voting_site.local.leftovers import started_on

from .processes import MANAGE, fresh_environment, run

pytestmark = pytest.mark.large


class TestManage:
    def test_has_servers_for_the_duration_of_a_command(self, tmp_path: Path) -> None:
        migrated = run("migrate", "--check", "--data", str(tmp_path / "data"))
        assert migrated.returncode == 1, migrated.stderr
        assert "Traceback" not in migrated.stderr
        assert not list(started_on(DataFolder(tmp_path / "data")))

    def test_names_the_remedy_when_the_folder_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        refused = run("up", "--data", str(tmp_path / "file" / "data"))
        assert refused.returncode == 1
        assert re.fullmatch(r"urna: cannot write to the data folder .*--data DIR\n", refused.stderr)

    @pytest.mark.parametrize(
        ("room", "said"),
        [
            (0, r"cannot write to the data folder .*--data DIR"),
            (200_000, r"PostgreSQL's initdb fails on .*(error|FATAL|PANIC): .*"),
        ],
    )
    def test_names_the_remedy_when_the_disk_is_full(self, tmp_path: Path, room: int, said: str) -> None:
        # As on a full disk, files may be made, and only so much may be written into them.
        limited = f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); "
        limited += "del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
        refused = subprocess.run(
            [sys.executable, "-c", limited, MANAGE[-1], "up", "--data", str(tmp_path)],
            env=fresh_environment(PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 1
        assert re.fullmatch(rf"urna: {said}\n", refused.stderr)

    def test_names_the_remedy_when_something_is_in_the_place_of_the_sockets(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path / ("long" * 20))
        folder.sockets.touch()
        try:
            refused = run("check_nothing", "--data", str(folder.path))
        finally:
            folder.sockets.unlink()
        assert refused.returncode == 1
        assert re.fullmatch(r"urna: /tmp/urna-\S+ is not a private folder .*: remove it, or .*\n", refused.stderr)

    def test_needs_no_servers_for_help(self, tmp_path: Path) -> None:
        helped = subprocess.run(
            [*MANAGE, "up", "--help"], env=fresh_environment(URNA_DATA=str(tmp_path)), capture_output=True, text=True
        )
        assert helped.returncode == 0
        assert "--vote-port" in helped.stdout
        assert not (tmp_path / "postgres").exists()


class TestTabulate:
    def test_needs_neither_environment_nor_servers_nor_a_data_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "board.blt"
        file.write_text('2 1\n3 1 0\n2 2 0\n0\n"Ana"\n"Bea"\n')
        counted = subprocess.run(
            [*MANAGE, "tabulate", str(file), "--method", "irv", "--json"],
            env={"PATH": os.environ["PATH"], "URNA_DATA": str(tmp_path / "data"), "SECRET_KEY_FILE": "/nowhere"},
            capture_output=True,
            text=True,
        )
        assert (counted.returncode, counted.stderr) == (0, "")
        assert json.loads(counted.stdout)["winners"] == ["ana"]
        assert [path.name for path in tmp_path.iterdir()] == ["board.blt"]

    def test_refuses_in_one_sentence(self, tmp_path: Path) -> None:
        file = tmp_path / "board.blt"
        file.write_bytes(b"PK\x03\x04")
        refused = run("tabulate", str(file), "--method", "irv")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert (
            refused.stderr == "CommandError: board.blt: this is a workbook or another archive: save the sheet as CSV\n"
        )
