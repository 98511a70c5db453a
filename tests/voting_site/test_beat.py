"""The clock of the periodic tasks, on the real broker."""

from datetime import timedelta

import pytest

from voting_site import beat
from voting_site.beat import PatientScheduler
from voting_site.celery import app

QUEUE = "urna:celery:celery"


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> PatientScheduler:
    monkeypatch.setattr(beat, "WAITING_LIMIT", 3)
    return PatientScheduler(app=app, lazy=True)


class TestPatientScheduler:
    def test_sends_no_more_while_no_worker_takes_anything(self, scheduler, redis, caplog):
        entry = scheduler.Entry(name="tick", task="tally.drain_all", schedule=timedelta(seconds=1), app=app)
        for _ in range(6):
            scheduler.apply_entry(entry)
        assert redis.llen(QUEUE) == 3
        assert "wait for a worker" in caplog.text
        redis.rpop(QUEUE)
        scheduler.apply_entry(entry)
        assert redis.llen(QUEUE) == 3

    def test_survives_a_broker_that_is_away(self, scheduler, unreachable_redis):
        assert scheduler._count_waiting() == 0


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
