"""The way back to a Redis that was away, on a real one that dies several times."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from voting_site import embedded
from voting_site.celery import app
from voting_site.data_folder import DataFolder
from voting_site.valkey import Valkey

from .processes import Running, wait_until

# By kombu's own measure the next try would come 8 s after these.
TRIES = 4
# Seconds, of which the last try may use one.
BACK_WITHIN = 4


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Callable[[], tuple[Valkey, subprocess.Popen[bytes]]]]:
    """Return a function that starts one and the same Valkey, again and again."""
    folder = DataFolder(tmp_path / "mortal")
    folder.create()
    valkey = Valkey(folder)
    embedded.prepare(folder, [valkey])
    lives: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[Valkey, subprocess.Popen[bytes]]:
        lives.append(valkey.program.start(tmp_path / "valkey.log"))
        wait_until(valkey.answers, "an answer of Valkey's")
        return valkey, lives[-1]

    yield start
    for life in lives:
        if life.poll() is None:
            os.kill(life.pid, signal.SIGTERM)
        life.wait(30)


class TestBriskConnection:
    def test_lets_a_worker_come_back_at_once_however_often_redis_has_died(self, tmp_path, mortal, servers):
        valkey, process = mortal()
        redis = Redis.from_url(valkey.url)
        queue = "urna:celery:celery"

        def send() -> None:
            with app.connection_for_write(valkey.url.replace("unix", "redis+socket", 1)) as connection:
                app.send_task("tally.drain_all", connection=connection)

        def is_done() -> bool:
            # A worker that is robbed of Redis in the middle of a task may leave, and be started again from outside.
            return not redis.llen(queue) and not redis.hlen("urna:celery:unacked")

        with Running(tmp_path / "log", "run", "worker", **servers | {"REDIS_URL": valkey.url}) as worker:
            send()
            wait_until(is_done, "a worker at work")
            for death in range(1, 4):
                process.kill()
                process.wait()
                tried = worker.output.count("Trying again")
                wait_until(lambda tried=tried: worker.output.count("Trying again") >= tried + TRIES, f"tries {death}")
                _, process = mortal()
                began = time.monotonic()
                send()
                wait_until(is_done, f"a worker that is back after death {death}")
                assert time.monotonic() - began < BACK_WITHIN
            assert worker.stop() == 0, worker.output
