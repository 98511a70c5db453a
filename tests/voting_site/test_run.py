"""Each role alone, as a container starts it: `manage.py run`."""

import re
import signal
from pathlib import Path
from socket import socket

import pytest
from redis import Redis

from voting_site.local.ports import free_port

from .processes import WEB_ROLES, WORKER, Running, answers, is_alive, run, wait_until

pytestmark = pytest.mark.large


class TestRun:
    @pytest.mark.parametrize("role", WEB_ROLES)
    def test_serves_a_web_role_until_told_to_stop(self, role: str, tmp_path: Path, servers: dict[str, str]) -> None:
        port = free_port()
        with Running(tmp_path / "log", "run", role, "--port", str(port), **servers) as command:
            wait_until(lambda: answers(port), f"{role} on its port")
            family = command.family()
            assert command.stop() == 0, command.output
        assert not any(map(is_alive, family))

    def test_works_until_told_to_stop(self, tmp_path: Path, servers: dict[str, str]) -> None:
        with Running(tmp_path / "log", "run", "worker", **servers) as command:
            wait_until(lambda: len(command.family()) == WORKER, "the worker's processes")
            family = command.family()
            assert command.stop() == 0, command.output
        assert not any(map(is_alive, family))

    def test_beats_until_told_to_stop(
        self, tmp_path: Path, redis: "Redis", servers: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Nothing is written where it was started; in a container that is read-only.
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        with Running(tmp_path / "log", "run", "beat", **servers) as command:
            wait_until(lambda: bool(redis.keys("urna:celery:celery")), "a message of beat's")
            assert command.stop() == 0, command.output
        assert not list((tmp_path / "here").iterdir())

    def test_refuses_a_port_that_is_in_use(self, servers: dict[str, str]) -> None:
        with socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            refused = run("run", "vote", "--port", str(port), **servers)
        assert refused.returncode == 1
        assert re.fullmatch(rf"urna: port {port} is in use on 127.0.0.1: .*\n", refused.stderr)

    def test_takes_its_worker_process_along_when_it_is_killed(self, tmp_path: Path, servers: dict[str, str]) -> None:
        port = free_port()
        with Running(tmp_path / "log", "run", "vote", "--port", str(port), **servers) as command:
            wait_until(lambda: answers(port), "vote on its port")
            family = command.family()
            assert len(family) == 2
            command.stop(signal.SIGKILL)
            wait_until(lambda: not any(map(is_alive, family)), "an end of the worker process")
