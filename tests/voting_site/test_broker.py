"""The way back to a Redis that was away, on a real one that dies several times."""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from voting_site.celery import app

from .processes import Running, is_alive, wait_until

pytestmark = pytest.mark.large

QUEUE = "urna:celery:celery"
# By kombu's own measure the next try would come 10 s after these.
TRIES = 5
# Seconds, of which the next try uses one at most, and a busy machine some.
BACK_WITHIN = 7


def send(url: str) -> None:
    """Send a task to whichever worker there is."""
    with app.connection_for_write(url.replace("unix", "redis+socket", 1)) as connection:
        app.send_task("tally.drain_all", connection=connection)


class Worker(Running):
    """A worker on a Redis, that touches a file after each task."""

    def __init__(self, folder: Path, url: str, **servers: str) -> None:
        self.url = url
        self.tick_file = folder / "tick"
        # At DEBUG each try to connect has a line.
        environment = servers | {"REDIS_URL": url, "LOG_LEVEL": "DEBUG"}
        super().__init__(folder / "log", "run", "worker", "--tick-file", str(self.tick_file), **environment)

    def wait_for_a_task(self, what: str) -> None:
        """Send a task, and wait until one is done.

        What Redis holds tells nothing: a worker that is robbed of Redis in the middle of a task leaves the message
        among those that nobody has acknowledged, where kombu looks after an hour.
        """
        before = self._ticks()
        send(self.url)
        wait_until(lambda: self._ticks() != before, f"{what}; see {self.log}")

    def _ticks(self) -> int:
        return self.tick_file.stat().st_mtime_ns if self.tick_file.exists() else 0


@pytest.fixture
def work(tmp_path, servers):
    """Return a function that starts a worker on a Redis, and waits until it works."""

    @contextmanager
    def start(url: str) -> Iterator[Worker]:
        with Worker(tmp_path, url, **servers) as worker:
            worker.wait_for_a_task("a worker at work")
            yield worker

    return start


class TestBriskConnection:
    def test_lets_a_worker_come_back_at_once_however_often_redis_has_died(self, mortal, work):
        valkey, process = mortal()
        with work(valkey.url) as worker:
            for death in range(1, 4):
                process.kill()
                process.wait()
                tried = worker.output.count("Trying again")
                wait_until(lambda tried=tried: worker.output.count("Trying again") >= tried + TRIES, f"tries {death}")
                _, process = mortal()
                began = time.monotonic()
                worker.wait_for_a_task(f"a worker that is back after death {death}")
                assert time.monotonic() - began < BACK_WITHIN
            assert worker.stop() == 0, worker.output


class TestWorker:
    def test_notes_nowhere_which_tasks_it_has_taken(self, mortal, work):
        valkey, process = mortal()
        redis = Redis.from_url(valkey.url)
        with work(valkey.url) as worker:
            children = [child for child in worker.family() if not child.children()]
            for child in children:
                child.suspend()
            for _ in range(20):
                send(valkey.url)
            wait_until(lambda: not redis.exists(QUEUE), "all are taken")
            assert not redis.exists("urna:celery:unacked", "urna:celery:unacked_index")
            # Nor does it put anything back once Redis is there again.
            process.kill()
            process.wait()
            mortal()
            for child in children:
                child.resume()
            worker.wait_for_a_task("a worker that is back")
            assert "Restoring" not in worker.output
            assert worker.stop() == 0, worker.output

    def test_acknowledges_a_task_though_its_connection_is_lost(self, mortal):
        valkey, process = mortal()
        send(valkey.url)
        taken = []
        with app.connection_for_read(valkey.url.replace("unix", "redis+socket", 1)) as connection:
            with app.amqp.TaskConsumer(connection, on_message=taken.append):
                connection.drain_events(timeout=5)
            process.kill()
            process.wait()
        [message] = taken
        message.ack_log_error(logging.getLogger(), connection.connection_errors)
        assert message.acknowledged

    def test_outlives_a_redis_without_memory(self, mortal, work):
        valkey, _ = mortal()
        redis = Redis.from_url(valkey.url)
        with work(valkey.url) as worker:
            worker.process.send_signal(signal.SIGSTOP)
            send(valkey.url)
            redis.config_set("maxmemory", "1mb")
            worker.process.send_signal(signal.SIGCONT)
            worker.wait_for("drain_all waits for the next tick")
            redis.config_set("maxmemory", "0")
            began = time.monotonic()
            worker.wait_for_a_task("a worker that works again")
            assert time.monotonic() - began < BACK_WITHIN
            assert worker.stop() == 0, worker.output

    def test_that_cannot_go_on_makes_room_for_another_though_a_task_is_stuck(self, mortal, work):
        valkey, _ = mortal()
        with work(valkey.url) as worker:
            family = worker.family()
            for child in family[1:]:
                child.suspend()
            Redis.from_url(valkey.url).lpush(QUEUE, "no message at all")
            assert worker.process.wait(BACK_WITHIN) == 1
            assert "Unrecoverable error" in worker.output
            wait_until(lambda: not any(map(is_alive, family)), "an end of its children")
