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
        channels = watched()
        yield SOCKETS.family({(one.slug,): one.watchers for one in channels})
        yield FRAME_AGE.family({(one.slug,): one.age for one in channels})
