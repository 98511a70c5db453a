"""What is read from this process when Prometheus asks; counters are in metrics.py."""

import logging
from collections.abc import Iterator

from django.db import DatabaseError, connection
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .feed import watched
from .freshness import read_age
from .metrics import DATA_AGE, FRAME_AGE, SOCKETS

logger = logging.getLogger(__name__)


class Watched(Collector):
    """The sockets and the frames of this process's feed."""

    def describe(self) -> list[Metric]:
        """Declare nothing, so that registering does not look for a feed."""
        return []

    def collect(self) -> Iterator[Metric]:
        sockets: dict[tuple[str, ...], float] = {}
        ages: dict[tuple[str, ...], float] = {}
        # Dashboards and walls of an election are read apart.
        for one in watched():
            sockets[one.slug,] = sockets.get((one.slug,), 0) + one.watchers
            ages[one.slug,] = max(one.age, ages.get((one.slug,), 0))
        yield SOCKETS.family(sockets)
        yield FRAME_AGE.family(ages)


class Copy(Collector):
    """How old the database is that this process reads."""

    def describe(self) -> list[Metric]:
        """Declare nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            age = read_age()
        except DatabaseError as error:
            # Without a number an alert says so, and those on the frames.
            logger.info("the age of the database cannot be read: %s", str(error).partition("\n")[0])
            return
        finally:
            # This thread asks for nothing else.
            connection.close()
        if age is not None:
            yield DATA_AGE.family({(): age})
