"""The clock of the periodic tasks."""

import logging
from pathlib import Path
from typing import Any

import redis
from celery.beat import ScheduleEntry, Scheduler
from django.conf import settings

from polls import ballot_box
from tally.metrics import TICKS

logger = logging.getLogger(__name__)

# Ticks are hints, of which one is as good as many. Without a worker they would fill the memory that ballots need.
WAITING_LIMIT = 100


class PatientScheduler(Scheduler):
    """Keeps the schedule in memory, and sends nothing while no worker takes what was sent."""

    # Touched at each tick, for a health check to look at.
    tick_file: Path | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if self.tick_file:
            self.tick_file.touch()
        return float(super().tick(*args, **kwargs))

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        if self._count_waiting() < WAITING_LIMIT:
            super().apply_entry(entry, producer)
            TICKS.labels(entry.task).inc()
        else:
            logger.warning("%s is not sent: %s tasks wait for a worker. Start one.", entry.task, WAITING_LIMIT)

    def _count_waiting(self) -> int:
        queue = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] + self.app.conf.task_default_queue
        try:
            return int(ballot_box.client().llen(queue))
        except redis.RedisError:
            # Sending fails by itself, and says so.
            return 0
