"""The embedded servers, each time on a data folder of their own."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from redis import Redis

from voting_site.local import embedded, leftovers, postgres
from voting_site.local.data_folder import DataFolder, Unusable
from voting_site.local.leftovers import MARK, end_leftovers, mark
from voting_site.local.postgres import CLEAN_ENVIRONMENT, Postgres
from voting_site.local.postgres_programs import binary
from voting_site.local.service_user import as_service_user
from voting_site.roles import ROLES, WITH_DATABASE

from .processes import is_alive, wait_until

# Runs the servers of the folder in argv[1] until its standard input ends, or until it is killed.
OWNER = """
import sys
from pathlib import Path
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
folder = DataFolder(Path(sys.argv[1]))
with embedded.running(folder, embedded.services(folder, {})):
    print("up", flush=True)
    sys.stdin.read()
"""

pytestmark = [pytest.mark.long, pytest.mark.large]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A folder whose servers have run and stopped."""
    folder = DataFolder(tmp_path_factory.mktemp("initialised") / "data")
    with embedded.running(folder, embedded.services(folder, {})):
        write(folder, "before")
    return folder


def write(folder: DataFolder, value: str) -> None:
    with connect(folder) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS note (value text)")
        cursor.execute("INSERT INTO note VALUES (%s)", [value])
    with redis(folder) as client:
        client.rpush("note", value)


def read(folder: DataFolder) -> tuple[list[str], list[str]]:
    with connect(folder) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT value FROM note")
        rows = [value for (value,) in cursor.fetchall()]
    with redis(folder) as client:
        return rows, [value.decode() for value in client.lrange("note", 0, -1)]


def connect(folder: DataFolder) -> "psycopg2.extensions.connection":
    return psycopg2.connect(embedded.environment(folder, {})["DATABASE_URL"])


def redis(folder: DataFolder) -> Redis:
    return Redis.from_url(embedded.environment(folder, {})["REDIS_URL"])


def start_owner(folder: DataFolder) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    return owner


def leave(owner: subprocess.Popen[str]) -> None:
    """Let the owner go: close the pipes to it, and wait for its end."""
    with owner:
        pass


class TestRunning:
    def test_keeps_its_data_on_disk_before_it_confirms_a_write(self, initialised: DataFolder) -> None:
        with embedded.running(initialised, embedded.services(initialised, {})):
            with connect(initialised) as connection, connection.cursor() as cursor:
                shown = {}
                for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses"):
                    cursor.execute(f"SHOW {name}")
                    shown[name] = cursor.fetchone()[0]
            with redis(initialised) as client:
                configured = client.config_get("append*", "maxmemory-policy", "port")
        assert shown == {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "listen_addresses": "",
        }
        assert configured["appendonly"] == "yes"
        assert configured["appendfsync"] == "always"
        assert configured["maxmemory-policy"] == "noeviction"
        assert configured["port"] == "0"

    def test_knows_upper_and_lower_case_of_every_alphabet(self, initialised: DataFolder) -> None:
        with (
            embedded.running(initialised, embedded.services(initialised, {})),
            connect(initialised) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT upper('¿más leche?'), pg_encoding_to_char(encoding) FROM pg_database LIMIT 1")
            assert cursor.fetchone() == ("¿MÁS LECHE?", "UTF8")

    def test_leaves_nothing_running_and_the_data_intact_when_its_owner_is_killed(self, folder: DataFolder) -> None:
        owner = start_owner(folder)
        write(folder, "before the kill")
        children = psutil.Process(owner.pid).children(recursive=True)
        assert len(children) > 2
        owner.kill()
        leave(owner)
        wait_until(lambda: not any(map(is_alive, children)), "an end of the servers")
        with embedded.running(folder, embedded.services(folder, {})):
            assert read(folder) == (["before the kill"], ["before the kill"])

    def test_serves_a_visitor_until_it_has_left(self, initialised: DataFolder) -> None:
        owner = start_owner(initialised)
        with embedded.running(initialised, embedded.services(initialised, {})):
            assert owner.stdin is not None
            owner.stdin.close()
            # The owner is on its way out, and has to wait: its servers still answer.
            assert "before" in read(initialised)[0]
            assert owner.poll() is None
        leave(owner)
        assert owner.returncode == 0

    def test_works_where_the_path_fits_into_no_socket_address(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path / "with a space, ñ #1" / ("long" * 20))
        try:
            with embedded.running(folder, embedded.services(folder, {})):
                write(folder, "here")
                assert read(folder) == (["here"], ["here"])
            assert stat.S_IMODE(folder.sockets.stat().st_mode) == 0o700
        finally:
            shutil.rmtree(folder.sockets, ignore_errors=True)

    def test_starts_over_where_the_first_start_was_interrupted(self, folder: DataFolder) -> None:
        folder.create()
        (folder.path / "postgres.new").mkdir()
        (folder.path / "postgres.new" / "PG_VERSION").write_text("18\n")
        with embedded.running(folder, embedded.services(folder, {})):
            write(folder, "complete")

    def test_is_not_misled_by_the_process_id_of_another_program(self, initialised: DataFolder) -> None:
        pid_file = initialised.path / "postgres" / "postmaster.pid"
        pid_file.write_text(f"{os.getpid()}\n{initialised.path / 'postgres'}\n")
        with embedded.running(initialised, embedded.services(initialised, {})):
            assert "before" in read(initialised)[0]


class TestUnusable:
    def test_names_the_version_that_made_the_data(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path)
        (tmp_path / "postgres").mkdir()
        (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
        with pytest.raises(Unusable, match=r"made by PostgreSQL 9, and this is \d+"):
            Postgres(folder).prepare()

    def test_says_that_there_is_no_database_where_one_should_be(self, folder: DataFolder) -> None:
        (folder.path / "postgres").mkdir(parents=True)
        with pytest.raises(Unusable, match=r"holds no data of PostgreSQL: put them back from a backup, or "):
            Postgres(folder).prepare()

    def test_says_that_the_folder_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unusable, match=r"cannot write to the data folder .* choose another one with --data"):
            DataFolder(tmp_path / "file" / "data").create()

    def test_refuses_sockets_in_a_folder_that_others_can_open(self, folder: DataFolder) -> None:
        folder.create()
        folder.sockets.mkdir()
        folder.sockets.chmod(0o755)
        with pytest.raises(Unusable, match="not a private folder"):
            folder.create_sockets()


class TestEnvironment:
    def test_leaves_out_the_servers_that_are_given(self, folder: DataFolder) -> None:
        given = {"DATABASE_URL": "postgres://elsewhere/urna", "SECRET_KEY": "given"}
        roles = {f"{role.upper()}_REDIS_URL" for role in ROLES}
        assert set(embedded.environment(folder, given)) == {"REDIS_URL", *roles}
        given = {"REDIS_URL_FILE": "/run/secrets/redis", "SECRET_KEY_FILE": "/run/secrets/key"}
        roles = {f"{role.upper()}_DATABASE_URL" for role in WITH_DATABASE}
        assert set(embedded.environment(folder, given)) == {"DATABASE_URL", *roles}

    def test_keeps_one_secret_key_that_nobody_else_can_read(self, folder: DataFolder) -> None:
        first, second = (Path(embedded.environment(folder, {})["SECRET_KEY_FILE"]) for _ in range(2))
        assert len(first.read_text()) > 50
        assert first == second
        assert stat.S_IMODE(first.stat().st_mode) == 0o600


class TestCopy:
    """A folder that was copied while its servers ran, with all files that speak of them."""

    def test_runs_beside_its_original_and_leaves_that_alone(self, folder: DataFolder) -> None:
        owner = start_owner(folder)
        write(folder, "both")
        # As releases before the mark wrote it.
        servers = psutil.Process(owner.pid).children()
        (folder.path / "processes.json").write_text(json.dumps({one.pid: one.create_time() for one in servers}))
        copy = DataFolder(folder.path.with_name("copy"))
        subprocess.run(["cp", "-a", folder.path, copy.path], check=True)
        with embedded.running(copy, embedded.services(copy, {})):
            write(copy, "copy")
            write(folder, "original")
            assert read(copy) == (["both", "copy"], ["both", "copy"])
            assert read(folder) == (["both", "original"], ["both", "original"])
        assert all(map(is_alive, servers))
        leave(owner)

    def test_is_refused_at_the_place_of_an_original_that_still_runs(
        self, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leftovers, "PATIENCE", 0.2)
        owner = start_owner(folder)
        moved = folder.path.with_name("moved")
        folder.path.rename(moved)
        subprocess.run(["cp", "-a", moved, folder.path], check=True)
        with pytest.raises(Unusable, match=rf"process {owner.pid} runs Urna on another folder.*stop that process"):
            end_leftovers(folder)
        leave(owner)
        end_leftovers(folder)


# Starts what argv[1:] says, marked as its own, and is gone.
PARENT = """
import os, subprocess, sys
from pathlib import Path
from voting_site.local.data_folder import DataFolder
from voting_site.local.leftovers import MARK, mark
os.environ[MARK] = mark(DataFolder(Path(sys.argv[1])))
print(subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL).pid)
"""


class TestLeftovers:
    """What is left on a system whose kernel does not end children with their parent."""

    def start_orphan(self, folder: DataFolder) -> psutil.Process:
        """Start a process whose parent has ended since."""
        folder.create()
        command = [sys.executable, "-c", PARENT, str(folder.path), "sleep", "600"]
        parent = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
        return psutil.Process(int(parent.stdout))

    def test_end_also_where_the_folder_was_moved(self, folder: DataFolder) -> None:
        left = self.start_orphan(folder)
        moved = DataFolder(folder.path.rename(folder.path.with_name("moved")))
        end_leftovers(moved)
        assert not is_alive(left)

    def test_live_on_where_they_are_of_another_folder(self, folder: DataFolder) -> None:
        left = self.start_orphan(folder)
        copy = DataFolder(folder.path.with_name("copy"))
        subprocess.run(["cp", "-a", folder.path, copy.path], check=True)
        end_leftovers(copy)
        assert is_alive(left)
        left.kill()

    def test_keep_their_owner_while_that_lives(self, folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.create()
        monkeypatch.setattr(leftovers, "PATIENCE", 0.2)
        child = subprocess.Popen(["sleep", "600"], env={MARK: mark(folder)})
        with pytest.raises(Unusable, match=rf"process {os.getpid()} runs Urna on the data folder .* stop that process"):
            end_leftovers(folder)
        assert child.poll() is None
        child.kill()
        child.wait()

    def test_end_though_they_are_children_of_a_postgresql_that_was_killed(self, folder: DataFolder) -> None:
        owner = start_owner(folder)
        write(folder, "before")
        [server] = [one for one in psutil.Process(owner.pid).children() if one.name() == "postgres"]
        left = server.children()[0]
        # One that cannot notice that its parent is gone.
        left.suspend()
        server.kill()
        owner.kill()
        leave(owner)
        with embedded.running(folder, embedded.services(folder, {})):
            assert not is_alive(left)
            assert "before" in read(folder)[0]

    @pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.write_text("{")])
    def test_are_not_looked_for_in_any_file(self, folder: DataFolder, make: Callable[[Path], object]) -> None:
        folder.create()
        make(folder.path / "processes.json")
        end_leftovers(folder)


class TestLocks:
    """The files by which PostgreSQL tells whether another server runs."""

    @pytest.fixture
    def stranger(self) -> Iterator[psutil.Process]:
        """Another program of the user whom PostgreSQL runs as."""
        with subprocess.Popen([*as_service_user(), "sleep", "600"]) as process:
            yield psutil.Process(process.pid)
            process.kill()

    @pytest.mark.parametrize("name", ["postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"])
    @pytest.mark.parametrize("content", ["{pid}\n/elsewhere\n", "-{pid}\n", "", "rubbish"])
    def test_do_not_hold_up_a_start_after_a_power_cut(
        self, initialised: DataFolder, stranger: psutil.Process, name: str, content: str
    ) -> None:
        (initialised.path / name).write_text(content.format(pid=stranger.pid))
        with embedded.running(initialised, embedded.services(initialised, {})):
            assert "before" in read(initialised)[0]
        assert is_alive(stranger)

    def test_stay_with_a_server_that_somebody_else_has_started(
        self, initialised: DataFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres, "PATIENCE", 0.2)
        data = initialised.path / "postgres"
        by_hand = [*as_service_user(), *CLEAN_ENVIRONMENT, binary("postgres"), "-D", str(data)]
        sockets = f"-cunix_socket_directories={initialised.sockets}"
        with subprocess.Popen([*by_hand, "-clisten_addresses=", sockets], stderr=subprocess.DEVNULL) as server:
            wait_until(Postgres(initialised).answers, "an answer of PostgreSQL's")
            with pytest.raises(Unusable, match=rf"process {server.pid} is a PostgreSQL .* `kill -INT {server.pid}`"):
                Postgres(initialised).prepare()
            assert (data / "postmaster.pid").exists()
            assert Postgres(initialised).answers()
            server.send_signal(signal.SIGINT)
