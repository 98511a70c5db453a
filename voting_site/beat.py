"""The clock of the periodic tasks."""

import logging
import time
from pathlib import Path
from typing import Any

import redis
from celery.beat import ScheduleEntry, Scheduler
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from polls import ballot_box
from tally.metrics import TICKS
from telemetry.exception_chain import chain

logger = logging.getLogger(__name__)

# Ticks are hints: one is as good as many. Without a worker they would fill the memory that ballots need.
WAITING_LIMIT = 100


class Pause:
    """A time without ticks; its beginning and its end are logged."""

    def __init__(self, cause: str, end: str) -> None:
        self.cause = cause
        self.end = end
        self.ticks = 0
        self._since: float | None = None

    def go_on(self, detail: object = "") -> None:
        """Log it if the pause begins now."""
        if self._since is None:
            self._since = time.monotonic()
            self.ticks = 0
            logger.warning("%s%s", self.cause, f": {detail}" if detail else "")

    def is_over(self) -> None:
        """Log it if there was a pause."""
        if self._since is not None:
            seconds = time.monotonic() - self._since
            logger.warning("%s after %.0f s, in which %s ticks were not sent", self.end, seconds, self.ticks)
            self._since = None


class PatientScheduler(Scheduler):
    """Keeps the schedule in memory, and sends nothing while no worker takes what was sent."""

    # Touched at each tick, for a health check to look at.
    tick_file: Path | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.without_redis = Pause("no ticks are sent while Redis does not take them", "Redis takes ticks again")
        self.without_worker = Pause(
            f"no ticks are sent while {WAITING_LIMIT} tasks wait for a worker (start one)", "a worker takes tasks again"
        )
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if self.tick_file:
            self.tick_file.touch()
        return float(super().tick(*args, **kwargs))

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        if self._count_waiting() < WAITING_LIMIT:
            super().apply_entry(entry, producer)
        else:
            self.without_worker.go_on()
            self.without_worker.ticks += 1

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Send a task; while Redis does not take tasks, log that once instead of a traceback each time."""
        try:
            sent = super().apply_async(entry, producer, advance, **kwargs)
        except Exception as error:
            outage = next((one for one in chain(error) if isinstance(one, (redis.RedisError, OperationalError))), None)
            if outage is None:
                raise
            self.without_redis.go_on(outage)
            self.without_redis.ticks += 1
            return None
        self.without_redis.is_over()
        self.without_worker.is_over()
        TICKS.labels(entry.task).inc()
        return sent

    def _ensure_connected(self) -> Connection:
        """Wait for Redis, and log that once; Celery itself would log each try."""
        limit = self.app.conf.broker_connection_max_retries
        return self.connection.ensure_connection(lambda error, _: self.without_redis.go_on(error), limit)

    def _count_waiting(self) -> int:
        """Return how many tasks wait in that queue in which most do: one worker takes from all of them."""
        prefix = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])
        try:
            with ballot_box.connection.ordinary_client().pipeline(transaction=False) as pipe:
                for queue in (self.app.conf.task_default_queue, settings.ACTS_QUEUE):
                    pipe.llen(prefix + queue)
                return max(map(int, pipe.execute()))
        except redis.RedisError:
            # Sending the task then fails as well, and that is logged.
            return 0
