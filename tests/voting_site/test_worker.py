"""The worker's two main processes: one counts, and one does what people wait for."""

import datetime as dt
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from polls import ballot_box, by_worker
from polls.definition import Definition
from polls.delivery import Arrival
from polls.models import Election
from polls.publishing import publish_election
from polls.wake_up import ask_for_next_drain
from tally.models import CastRecord
from voting_site.celery import app
from voting_site.roles import ROLES

from .processes import WORKER, Running, find_acts, is_alive, wait_until

pytestmark = pytest.mark.large

ACTS = "urna:celery:celery-acts"


@pytest.fixture
def worker(tmp_path, servers, redis, transactional_db) -> Iterator[Running]:
    """A worker on the database of the tests, once it takes tasks of both kinds; it ends before tables are emptied."""
    options = settings.DATABASES["default"]["OPTIONS"]
    name = connection.settings_dict["NAME"]
    url = f"postgres://urna@/{name}?host={options['host']}&port={options['port']}"
    ticks = tmp_path / "tick"
    with Running(
        tmp_path / "log", "run", "worker", "--tick-file", str(ticks), **servers | {"DATABASE_URL": url}
    ) as command:
        for task, file in (("tally.drain_all", ticks), ("tally.turn_phases", tmp_path / "tick-acts")):
            app.send_task(task)
            wait_until(file.exists, f"{task}; see {command.log}")
        yield command


@contextmanager
def no_records() -> Iterator[None]:
    """Let nobody write or read a cast record during the block."""
    name = connection.settings_dict["NAME"]
    options = settings.DATABASES["default"]["OPTIONS"]
    other = psycopg2.connect(dbname=name, user="urna", host=options["host"], port=options["port"])
    try:
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE tally_castrecord IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        other.close()


def waiting_statements() -> int:
    """Return how many statements wait for a table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
        [(number,)] = cursor.fetchall()
    return int(number)


class TestActs:
    def test_are_done_while_every_process_that_counts_stands_still(
        self, worker, make_election, cast, settings, monkeypatch
    ):
        # On a busy machine a worker that is not held up may take longer than people wait.
        monkeypatch.setattr(by_worker, "PATIENCE_S", 60)
        flooded = [make_election(f"flooded-{number}") for number in range(2)]
        drink: Election = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        settings.ROLE = ROLES["admin"]
        with no_records():
            for election in flooded:
                cast(election, "ana", "nesquik")
                ask_for_next_drain(Definition.of(election), 0)
            wait_until(lambda: waiting_statements() == 2, "both processes that count stand still")
            drink.title = "Beer?"
            drink.save()
            assert publish_election(drink).arrival is Arrival.TAKEN
            assert waiting_statements() == 2
        assert ballot_box.read_definition("drink")[0].title == "Beer?"
        wait_until(lambda: CastRecord.objects.count() == 2, "the count goes on")


class TestProcesses:
    def test_end_together_when_the_one_of_acts_ends_of_itself(self, worker):
        acts = find_acts(worker)
        family = worker.family()
        acts.kill()
        assert worker.process.wait(10) == 1
        assert "has ended" in worker.output
        wait_until(lambda: not any(map(is_alive, family)), "an end of all processes")

    def test_end_together_when_the_one_of_acts_cannot_go_on(self, worker, redis):
        family = worker.family()
        redis.lpush(ACTS, "no message at all")
        assert worker.process.wait(10) == 1
        wait_until(lambda: not any(map(is_alive, family)), "an end of all processes")

    def test_end_together_when_the_one_that_counts_is_killed(self, worker):
        family = worker.family()
        worker.stop(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, family)), "an end of all processes")

    def test_replace_a_child_that_is_killed_and_go_on(self, worker):
        acts = find_acts(worker)
        killed = [one for one in worker.family()[1:] if one != acts]
        assert len(killed) == 2
        for child in killed:
            child.kill()
        wait_until(lambda: len(set(worker.family()) - set(killed)) == WORKER, "two others")
        assert worker.process.poll() is None
        assert is_alive(acts)
