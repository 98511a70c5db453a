"""A streaming replica of an embedded PostgreSQL: a real second server, which replays what the first one writes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg2

from voting_site.local.postgres import CLEAN_ENVIRONMENT, OWNER, binary
from voting_site.local.programs import Program
from voting_site.local.service_user import as_service_user, give_to_service_user

PORT = 5433
DEADLINE = 60
# As docs/deployment.md has it.
SETTINGS = {"hot_standby_feedback": "on", "max_standby_streaming_delay": "2s", "wal_retrieve_retry_interval": "500ms"}


class Replica:
    """A copy of a cluster in a folder that does not exist yet, on a socket beside that of the first server.

    `primary` is how it reaches that one, as libpq has it.
    """

    def __init__(self, sockets: Path, data: Path, *, primary: str | None = None) -> None:
        self.sockets, self.data = sockets, data
        self.primary = primary or f"host={sockets} port=5432 user={OWNER}"
        self.socket = sockets / f".s.PGSQL.{PORT}"

    def copy(self) -> None:
        """Copy the cluster from the server that runs, and let the copy follow it."""
        self.data.mkdir(mode=0o700)
        give_to_service_user(self.data)
        command = (
            binary("pg_basebackup"),
            "--pgdata",
            str(self.data),
            "--dbname",
            self.primary,
            "--write-recovery-conf",
        )
        options = ("--checkpoint=fast", "--wal-method=stream", "--no-sync")
        done = subprocess.run(
            [*as_service_user(), *CLEAN_ENVIRONMENT, *command, *options], capture_output=True, text=True, cwd=os.sep
        )
        if done.returncode:
            raise RuntimeError(f"pg_basebackup: {done.stderr}")

    @property
    def program(self) -> Program:
        """The server itself."""
        settings = {"listen_addresses": "", "port": PORT, "unix_socket_directories": self.sockets, **SETTINGS}
        options = (f"-c{name}={value}" for name, value in settings.items())
        return Program(
            name="replica",
            argv=(*CLEAN_ENVIRONMENT, binary("postgres"), "-D", str(self.data), *options),
            run_as=as_service_user(),
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def url(self, user: str = OWNER, database: str = "urna") -> str:
        return f"postgres://{user}@/{database}?host={self.sockets}&port={PORT}"

    def answers(self) -> bool:
        """Tell whether it can be read."""
        try:
            self.ask("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def ask(self, statement: str, database: str = "postgres") -> Any:
        """Return the first value that a statement brings."""
        connection = psycopg2.connect(self.url(database=database), connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                [value] = cursor.fetchone()
                return value
        finally:
            connection.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it receive, and replay nothing, during the block."""
        self.ask("SELECT pg_wal_replay_pause() IS NULL")
        while self.ask("SELECT pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.01)
        try:
            yield
        finally:
            self.ask("SELECT pg_wal_replay_resume() IS NULL")

    def has_caught_up(self, position: str) -> bool:
        """Tell whether it has replayed all up to a position of the log, as `pg_current_wal_lsn()` names one."""
        return bool(self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"))

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Copy, start, and wait until it can be read."""
        self.copy()
        child = self.program.start(log)
        over = time.monotonic() + DEADLINE
        while not self.answers():
            if child.poll() is not None or time.monotonic() > over:
                raise RuntimeError(f"the replica does not start: {log.read_text()}")
            time.sleep(0.05)
        return child

    @contextmanager
    def following(self, log: Path) -> Iterator[Self]:
        """Let it follow the first server during the block."""
        child = self.start(log)
        try:
            yield self
        finally:
            child.send_signal(self.program.stop_signal)
            child.wait(20)


@contextmanager
def reading(*, copy: bool = True) -> Iterator[None]:
    """Let Django's connection of this thread read the copy during the block, or else, made anew, the first server."""
    from django.db import connection

    connection.close()
    options = connection.settings_dict["OPTIONS"]
    before = options["port"]
    options["port"] = str(PORT) if copy else before
    try:
        yield
    finally:
        connection.close()
        options["port"] = before
