"""Serve the metrics of a role, of all its processes, from its main one and on a port of its own."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from polls.metrics import INFO

from . import __version__
from .metric_files import FOLDER


class Identity(Collector):
    """Who answers: release, role and replica."""

    def __init__(self, role: str, replica: str) -> None:
        self.labels = (__version__, role, replica)

    def collect(self) -> Iterator[Metric]:
        yield INFO.family({self.labels: 1})


def build_registry(role: str, replica: str) -> CollectorRegistry:
    """Return all that `role` has to tell: what its processes count, and what is looked up at each question."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=os.environ[FOLDER])
    registry.register(Identity(role, replica))
    if role == "worker":
        from tally.exporter import Facts

        registry.register(Facts())
    if role == "result":
        from results.exporter import Watched

        registry.register(Watched())
    return registry


def serve(host: str, port: int, *, role: str, replica: str) -> None:
    """Answer Prometheus in a thread of this process."""
    start_http_server(port, addr=host, registry=build_registry(role, replica))
