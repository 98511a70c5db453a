"""What is read from this process when Prometheus asks; counters are in metrics.py."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .feed import watched
from .metrics import FRAME_AGE, SOCKETS


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
