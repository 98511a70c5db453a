"""The clock of the periodic tasks, on the real broker."""

import re
from datetime import timedelta

import pytest
from redis import Redis

from voting_site import beat
from voting_site.beat import PatientScheduler
from voting_site.celery import app

from .processes import Running, wait_until

pytestmark = pytest.mark.large

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
        assert len(caplog.records) == 1
        redis.rpop(QUEUE)
        scheduler.apply_entry(entry)
        assert redis.llen(QUEUE) == 3
        assert "in which 3 ticks were not sent" in caplog.records[1].getMessage()

    def test_sends_no_more_to_either_queue_while_one_is_full(self, scheduler, redis):
        seconds = timedelta(seconds=1)
        entries = [
            scheduler.Entry(name="tick", task=task, schedule=seconds, app=app)
            for task in ("tally.turn_phases", "tally.drain_all")
        ]
        for entry in entries * 4:
            scheduler.apply_entry(entry)
        assert (redis.llen(f"{QUEUE}-acts"), redis.llen(QUEUE)) == (3, 2)
        redis.delete(QUEUE)
        for entry in entries:
            scheduler.apply_entry(entry)
        assert (redis.llen(f"{QUEUE}-acts"), redis.llen(QUEUE)) == (3, 0)

    def test_tells_an_outage_by_its_beginning_and_its_end_alone(self, mortal, tmp_path, servers):
        valkey, process = mortal()
        with Running(tmp_path / "beat.log", "run", "beat", **servers | {"REDIS_URL": valkey.url}) as command:
            redis = Redis.from_url(valkey.url)
            wait_until(lambda: bool(redis.keys(QUEUE)), "a tick")

            def wait_for_line(number: int, text: str) -> None:
                wait_until(lambda: text in "".join(command.output.splitlines()[number:]), f"{text!r}")

            for line in (0, 2):
                process.kill()
                process.wait()
                wait_for_line(line, "no ticks are sent while Redis")
                valkey, process = mortal()
                wait_for_line(line + 1, "Redis takes ticks again")
            assert command.stop() == 0
        lines = command.output.splitlines()
        assert len(lines) == 4, command.output
        assert all("WARNING voting_site.beat: " in line for line in lines)

    def test_starts_without_redis_and_says_so_once(self, mortal, tmp_path, servers):
        valkey, process = mortal()
        process.kill()
        process.wait()
        with Running(tmp_path / "beat.log", "run", "beat", **servers | {"REDIS_URL": valkey.url}) as command:
            command.wait_for("no ticks are sent while Redis does not take them: ")
            mortal()
            command.wait_for("Redis takes ticks again after ")
            assert command.stop() == 0
        assert len(command.output.splitlines()) == 2, command.output

    def test_says_that_redis_has_no_memory_left_once(self, scheduler, redis, caplog):
        entry = scheduler.Entry(name="tick", task="tally.drain_all", schedule=timedelta(seconds=1), app=app)
        redis.config_set("maxmemory", 1)
        try:
            for _ in range(3):
                scheduler.apply_entry(entry)
        finally:
            redis.config_set("maxmemory", 0)
        scheduler.apply_entry(entry)
        first, second = (record.getMessage() for record in caplog.records)
        assert re.match(r"no ticks are sent while Redis does not take them: .* memory > 'maxmemory'", first, re.DOTALL)
        assert second.startswith("Redis takes ticks again after ")
        assert "3 ticks were not sent" in caplog.text

    @pytest.mark.expects_logged_exceptions
    def test_hides_no_mistake(self, scheduler, caplog):
        entry = scheduler.Entry(name="tick", task="no.such", schedule=timedelta(seconds=1), args=[object()], app=app)
        for _ in range(2):
            scheduler.apply_entry(entry)
        assert caplog.text.count("Couldn't apply scheduled task tick") >= 2

    def test_survives_a_broker_that_is_away(self, scheduler, unreachable_redis):
        assert scheduler._count_waiting() == 0


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_no_tick_is_thrown_away_sooner_than_another(settings):
    """On a busy machine, where tasks wait for seconds, those that were thrown away sooner would never run."""
    assert {entry["options"]["expires"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} == {30}
