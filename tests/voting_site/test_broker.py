"""The way back to a Redis that was away, on a real one that dies several times."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from voting_site.celery import app

from .processes import Running, is_alive, wait_until

QUEUE = "urna:celery:celery"
# By kombu's own measure the next try would come 8 s after these.
TRIES = 4
# Seconds, of which the last try may use one.
BACK_WITHIN = 4


def send(url: str) -> None:
    """Send a task to whichever worker there is."""
    with app.connection_for_write(url.replace("unix", "redis+socket", 1)) as connection:
        app.send_task("tally.drain_all", connection=connection)


def is_done(redis: Redis) -> bool:
    """Tell whether all tasks have been done."""
    # A worker that is robbed of Redis in the middle of a task may leave, and be started again from outside.
    return not redis.llen(QUEUE) and not redis.hlen("urna:celery:unacked")


@pytest.fixture
def work(tmp_path, servers):
    """Return a function that starts a worker on a Redis, and waits until it works."""

    @contextmanager
    def start(url: str) -> Iterator[Running]:
        with Running(tmp_path / "log", "run", "worker", **servers | {"REDIS_URL": url}) as worker:
            send(url)
            wait_until(lambda: is_done(Redis.from_url(url)), "a worker at work")
            yield worker

    return start


class TestBriskConnection:
    def test_lets_a_worker_come_back_at_once_however_often_redis_has_died(self, mortal, work):
        valkey, process = mortal()
        redis = Redis.from_url(valkey.url)
        with work(valkey.url) as worker:
            for death in range(1, 4):
                process.kill()
                process.wait()
                tried = worker.output.count("Trying again")
                wait_until(lambda tried=tried: worker.output.count("Trying again") >= tried + TRIES, f"tries {death}")
                _, process = mortal()
                began = time.monotonic()
                send(valkey.url)
                wait_until(lambda: is_done(redis), f"a worker that is back after death {death}")
                assert time.monotonic() - began < BACK_WITHIN
            assert worker.stop() == 0, worker.output


class TestWorker:
    def test_outlives_a_redis_without_memory(self, mortal, work):
        valkey, _ = mortal()
        redis = Redis.from_url(valkey.url)
        with work(valkey.url) as worker:
            # It finds a task, and cannot note in Redis that it has taken it.
            worker.process.send_signal(signal.SIGSTOP)
            send(valkey.url)
            redis.config_set("maxmemory", "1mb")
            worker.process.send_signal(signal.SIGCONT)
            worker.wait_for("command not allowed when used memory > 'maxmemory'")
            redis.config_set("maxmemory", "0")
            began = time.monotonic()
            send(valkey.url)
            wait_until(lambda: is_done(redis), "a worker that works again")
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
