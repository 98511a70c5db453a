"""Serve the metrics of all processes of a role, in its main process, on a port of their own."""

import logging
import os
import threading
import time
from collections.abc import Iterator

from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from polls.metrics import INFO

from . import __version__
from .local.routes import source_towards
from .metric_files import FOLDER
from .roles import Role

logger = logging.getLogger(__name__)

TRY_AGAIN_S = 2.0


class Identity(Collector):
    """The metric with the release, the role and the replica."""

    def __init__(self, role: str, replica: str) -> None:
        self.labels = (__version__, role, replica)

    def collect(self) -> Iterator[Metric]:
        yield INFO.family({self.labels: 1})


def build_registry(role: Role, replica: str) -> CollectorRegistry:
    """Return all metrics of `role`: what its processes count, and what is read when Prometheus asks."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=os.environ[FOLDER])
    registry.register(Identity(role.name, replica))
    for path in role.collectors:
        registry.register(import_string(path)())
    return registry


def serve(host: str, port: int, *, role: Role, replica: str) -> None:
    """Answer Prometheus in a thread of this process."""
    start_http_server(port, addr=host, registry=build_registry(role, replica))


def serve_towards(peer: str, port: int, *, role: Role, replica: str) -> None:
    """Answer Prometheus on the address alone by which this machine reaches the host `peer`, as soon as it has one."""

    def serve_when_found() -> None:
        is_told = False
        while (host := source_towards(peer)) is None:
            if not is_told:
                logger.warning("no metrics until there is a way to %s, on whose network they answer", peer)
                is_told = True
            time.sleep(TRY_AGAIN_S)
        serve(host, port, role=role, replica=replica)
        if is_told:
            logger.warning("metrics answer on %s now", host)

    threading.Thread(target=serve_when_found, name="metrics", daemon=True).start()
