"""The whole of it as a user starts it: `manage.py up`."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from voting_site.local.own_addresses import own_addresses
from voting_site.local.ports import free_port
from voting_site.local.restarts import ENDS
from voting_site.roles import ROLES

from .processes import DEADLINE, WEB_ROLES, Up, answers, is_alive, run, wait_until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """An Urna that has been started for the first time, on nothing."""
    folder = tmp_path_factory.mktemp("up")
    with Up(folder, data=folder / "data") as command:
        command.wait_until_ready()
        yield command
        family = command.family()
        assert command.stop() == 0
        assert not any(map(is_alive, family))


class TestUp:
    def test_serves_every_web_role_and_says_where(self, up: Up) -> None:
        for port in up.ports.values():
            assert answers(port, "/readyz")
            assert f"http://127.0.0.1:{port}/" in up.output

    def test_shows_a_first_link_and_keeps_it_nowhere(self, up: Up) -> None:
        assert re.search(rf"once, within a day: http://127\.0\.0\.1:{up.ports['admin']}/choose-password/\S+", up.output)
        assert not (up.data / "first_link").exists()

    def test_shows_the_first_password_and_keeps_it_nowhere(self, up: Up) -> None:
        password = re.search(r"user admin, password (\S+)", up.output)
        assert password
        check = "from django.contrib.auth import authenticate as a; print(a(username='admin', password={!r}))"
        assert up.execute(check.format(password[1])) == "admin\n"
        assert not (up.data / "first_password").exists()

    def test_puts_the_name_of_the_program_before_each_line_of_its_log(self, up: Up) -> None:
        assert re.search(r"^prepare +\| ", up.output, re.MULTILINE)

    def test_starts_without_a_word_of_trouble(self, up: Up) -> None:
        up.child("run beat")
        # Other tests of this Urna make trouble later.
        start = up.output.partition("Urna is up.")[0]
        assert [line for line in start.splitlines() if re.search("FATAL|ERROR|WARNING|has ended", line)] == []

    def test_refuses_a_folder_that_is_in_use(self, up: Up) -> None:
        ports = [part for name in WEB_ROLES for part in (f"--{name}-port", str(free_port()))]
        second = run("up", "--data", str(up.data), *ports)
        assert second.returncode == 1
        assert re.fullmatch(r"urna: the data folder .* is in use by process \d+: .*--data DIR\n", second.stderr)

    def test_refuses_a_port_that_is_in_use(self, up: Up, tmp_path: Path) -> None:
        taken = up.ports["vote"]
        second = run("up", "--data", str(tmp_path / "data"), "--vote-port", str(taken))
        assert second.returncode == 1
        assert second.stderr == (
            f"urna: port {taken} is in use on 127.0.0.1: stop that program, or choose another port with --vote-port\n"
        )

    def test_refuses_one_port_for_two_roles(self, tmp_path: Path) -> None:
        port = str(free_port())
        refused = run("up", "--data", str(tmp_path / "data"), "--vote-port", port, "--admin-port", port)
        assert refused.returncode == 1
        assert refused.stderr == f"urna: --vote-port and --admin-port are both {port}: give each a port of its own\n"

    def test_refuses_a_provider_that_it_cannot_ask(self, tmp_path: Path) -> None:
        refused = run("up", "--data", str(tmp_path / "data"), SIGNIN_PROVIDERS="choir=Choir accounts")
        assert refused.returncode == 1
        assert refused.stderr == "urna: SIGNIN_PROVIDERS names choir: say in SIGNIN_CLIENTS how to ask there\n"

    def test_starts_again_what_dies(self, up: Up) -> None:
        names = ["valkey-server", "bin/postgres", *(f"run {name}" for name, role in ROLES.items() if not role.needs)]
        victims = [up.child(name) for name in names]
        family = up.family()[1:]
        for victim in victims:
            victim.kill()
        wait_until(lambda: not any(map(is_alive, family)), "an end of all that was killed, and of its children")
        assert not {up.child(name).pid for name in names} & {victim.pid for victim in victims}
        wait_until(lambda: all(answers(port, "/readyz") for port in up.ports.values()), "recovery")

    def test_lets_people_vote_while_the_results_crash_again_and_again(self, up: Up) -> None:
        for _ in range(ENDS + 1):
            victim = up.child("run result")
            victim.kill()
            victim.wait(DEADLINE)
            assert answers(up.ports["vote"], "/readyz")
        up.wait_for("in a row, and is started again and again. Voting does not need it; nobody sees results meanwhile.")
        assert up.process.poll() is None
        wait_until(lambda: answers(up.ports["result"], "/readyz"), "recovery")

    def test_runs_on_beside_a_copy_that_is_looked_at_open_to_others_and_killed(self, up: Up, tmp_path: Path) -> None:
        programs = psutil.Process(up.process.pid).children()
        # PostgreSQL may remove a file while `cp` is at it, which then complains.
        subprocess.run(["cp", "-a", up.data, tmp_path / "copy"], check=False)
        counted = run("recount", "--data", str(tmp_path / "copy"))
        assert counted.returncode == 0, counted.stderr
        assert "no difference" in counted.stdout
        assert all(map(is_alive, programs))
        with Up(tmp_path, data=tmp_path / "copy", host="0.0.0.0") as copy:
            copy.wait_until_ready()
            assert all(answers(port, "/readyz") for port in (*copy.ports.values(), *up.ports.values()))
            says_to_whom_it_is_open(copy)
            leaves_nothing_running_when_it_is_killed(copy)
        assert all(map(is_alive, programs))


def says_to_whom_it_is_open(up: Up) -> None:
    found = re.search(r"Vote +http://([0-9.]+):\d+/", up.output)
    assert found
    reachable = [one for one in own_addresses("0.0.0.0") if answers(up.ports["vote"], address=one)]
    assert found[1] == reachable[0]
    assert "reaches all three, the administration too." in up.output


def leaves_nothing_running_when_it_is_killed(up: Up) -> None:
    family = up.family()
    up.stop(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, family)), "an end of the whole family")


class TestWithoutPostgres:
    """A database that does not start, on a copy of the folder."""

    @pytest.fixture
    def data(self, up: Up, tmp_path: Path) -> Path:
        subprocess.run(["cp", "-a", up.data, tmp_path / "data"], check=False)
        with (tmp_path / "data" / "postgres" / "postgresql.conf").open("a") as configuration:
            configuration.write("rubbish\n")
        return tmp_path / "data"

    def test_people_vote_on(self, data: Path) -> None:
        with Up(data.parent, data=data) as command:
            command.wait_for("postgres | has ended 5 times in a row, and is started again and again. Voting does not")
            wait_until(lambda: answers(command.ports["vote"], "/readyz"), "voting")
            assert command.stop() == 0

    def test_a_first_start_gives_up_and_says_why(self, data: Path) -> None:
        shutil.rmtree(data / "valkey")
        with Up(data.parent, data=data) as command:
            assert command.process.wait(DEADLINE) == 1
        *_, said = command.output.partition("urna: ")
        assert said.startswith("postgres has ended 5 times within 60 seconds. Voting needs it: it holds the elections")
        assert 'postgresql.conf" contains errors' in said


class TestGivenServers:
    @pytest.fixture
    def urna(self, tmp_path: Path, servers: dict[str, str]) -> Iterator[Up]:
        prepared = run("prepare", **servers)
        assert prepared.returncode == 0, prepared.stderr
        with Up(tmp_path, data=tmp_path / "data", **servers) as command:
            yield command

    def test_are_used_and_none_are_started(self, urna: Up) -> None:
        urna.wait_until_ready()
        # The administrator has a password already.
        assert "to set a new password: ./urna manage changepassword admin" in urna.output
        urna.process.send_signal(signal.SIGINT)
        assert urna.stop(signal.SIGINT) == 0
        assert "Traceback" not in urna.output
        assert not (urna.data / "postgres").exists()
        assert not (urna.data / "valkey").exists()
