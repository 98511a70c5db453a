"""The PostgreSQL that is backed up: how to reach it, what it says of itself, and its base."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import psycopg2
import pyrage
from django.conf import settings
from psycopg2.extensions import make_dsn

from ..local.data_folder import Unusable
from ..local.postgres_programs import binary
from .sealed_files import Written, write_sealed

# In the folder of a cluster: which restore has made it. Two restores of one backup go on differently from one place on,
# with the same numbers.
LIFE = "urna_life"
_START = re.compile(rb"start point: ([0-9A-F]+)/([0-9A-F]+) on timeline (\d+)")
_STOP = re.compile(rb"end point: ([0-9A-F]+)/([0-9A-F]+)")


class Cluster(NamedTuple):
    """What tells one life of a database cluster from another."""

    installation: str
    timeline: int
    life: str
    postgres: int
    segment_size: int


class Base(NamedTuple):
    """A base backup, where in the write-ahead log it begins and ends, and its bytes before compression."""

    file: Written
    timeline: int
    start: int
    stop: int
    expanded: int


class BaseFails(Exception):
    """pg_basebackup has made no base; the message says why."""


def parameters() -> dict[str, Any]:
    """Return how to connect to the database as its owner."""
    database = settings.DATABASES["default"]
    found = {
        "dbname": database["NAME"],
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
        "host": database.get("HOST") or database.get("OPTIONS", {}).get("host"),
        "port": database.get("PORT") or database.get("OPTIONS", {}).get("port"),
    }
    return {name: value for name, value in found.items() if value}


def place_of(text: str) -> int:
    """Read a place in the write-ahead log as PostgreSQL writes it, such as `16/B374D848`."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def identify(cursor: Any) -> Cluster:
    """Ask a cluster for its identity, on an ordinary connection."""
    cursor.execute(
        "SELECT system_identifier::text, (SELECT timeline_id FROM pg_control_checkpoint()),"
        " coalesce(pg_read_file(%s, true), ''), current_setting('server_version_num')::int / 10000,"
        " (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') FROM pg_control_system()",
        [LIFE],
    )
    return Cluster(*cursor.fetchone())


def read_flushed(cursor: Any) -> int:
    """Return the place up to which the write-ahead log is on the server's disk: all that is committed is before it."""
    cursor.execute("SELECT pg_current_wal_flush_lsn()::text")
    return place_of(cursor.fetchone()[0])


def find_program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; raises Unusable."""
    try:
        return binary(name)
    except Unusable:
        if found := shutil.which(name):
            return found
        raise Unusable(f"there is no {name} here: install PostgreSQL's client programs") from None


def copy_base(folder: Path, recipients: Sequence[pyrage.x25519.Recipient]) -> Base:
    """Write a base backup into a folder, as one stream that is nowhere in plain text; raises BaseFails, OSError."""
    password = parameters().get("password")
    dsn = make_dsn(**{name: value for name, value in parameters().items() if name not in ("password", "dbname")})
    command = [find_program("pg_basebackup"), "-d", dsn, "-D", "-", "-Ft", "-X", "fetch", "-c", "fast", "-v", "-w"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    if password:
        environment["PGPASSWORD"] = str(password)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment)
        assert process.stdout
        try:
            counted = _Counted(process.stdout)
            written = write_sealed(folder, "base.tar", counted, recipients)
        finally:
            process.stdout.close()
            process.wait()
        said.seek(0)
        told = said.read()
    start, stop = _START.search(told), _STOP.search(told)
    if process.returncode or not start or not stop:
        lines = told.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise BaseFails(f"pg_basebackup fails: {next((one for one in lines if 'error' in one), lines[-1])}")
    return Base(written, int(start[3]), _number(start), _number(stop), counted.size)


class _Counted:
    """A source that tells how much was read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.size = 0

    def read(self, size: int, /) -> bytes:
        piece = self._source.read(size)
        self.size += len(piece)
        return piece


def _number(found: re.Match[bytes]) -> int:
    return (int(found[1], 16) << 32) + int(found[2], 16)


def connect() -> Any:
    """Open an ordinary connection; raises psycopg2.OperationalError."""
    connection = psycopg2.connect(**parameters(), connect_timeout=5, application_name="urna backup")
    connection.autocommit = True
    return connection
