"""Tell Prometheus the state of the box, the count and the accounts at this moment."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from polls import ballot_box
from polls.ballot_box import inbox, sentinels
from polls.ballot_box.replicas import count_in_sync
from polls.ballot_box.status import look_at
from polls.life import State
from polls.models import Election

from . import metrics
from .clocks import read_skew
from .models import Reconciliation

Values = dict[tuple[str, ...], float]
# The labels of a fact that has none.
ONLY: tuple[str, ...] = ()


class Facts(Collector):
    """Asks Redis and PostgreSQL each time; if one does not answer, reports it as down and asks the other."""

    def describe(self) -> list[Metric]:
        """Declare nothing, so that registering does not ask the servers."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            found = list(_box())
        except ballot_box.Unavailable:
            found = [metrics.BOX_REACHABLE.family({ONLY: 0})]
        yield from found
        try:
            found = list(_database())
        except DatabaseError:
            found = [metrics.DATABASE_REACHABLE.family({ONLY: 0})]
        finally:
            # Nothing else uses this thread's connection, and a forked child must not inherit it open.
            connection.close()
        yield from found


def _box() -> Iterator[Metric]:
    definitions, _ = ballot_box.read_definitions()
    slugs = {definition.election: definition.slug for definition in definitions}
    looks = look_at((one.election, shard) for one in definitions for shard in range(one.shards))
    ballots: Values = {(slug,): 0 for slug in slugs.values()}
    oldest: Values = dict(ballots)
    for (election, _shard), look in looks.items():
        label = (slugs[election],)
        ballots[label] += look.waiting
        oldest[label] = max(oldest[label], look.oldest_ms / 1000)
    used, limit = ballot_box.read_memory()
    age = inbox.seconds_since_good_drain()
    skew = read_skew() if settings.BALLOT_BOX_CLUSTER else 0
    yield metrics.BOX_REACHABLE.family({ONLY: 1})
    yield metrics.BOX_SKEW.family({ONLY: skew})
    yield metrics.BOX_BALLOTS.family(ballots)
    yield metrics.BOX_OLDEST.family(oldest)
    yield metrics.COUNT_AGE.family({} if age is None else {ONLY: age})
    yield metrics.BOX_MEMORY.family({ONLY: used})
    yield metrics.BOX_MEMORY_LIMIT.family({ONLY: limit})
    if settings.BALLOT_BOX_COPIES:
        yield metrics.BOX_REPLICAS.family({ONLY: count_in_sync()})
    if settings.BALLOT_BOX_COPIES and settings.REDIS_SENTINELS:
        yield metrics.BOX_REPLICAS_KNOWN.family({ONLY: sentinels.count_replicas()})


def _database() -> Iterator[Metric]:
    versions = (
        Election.objects.current().annotate(version=F("revision") + Coalesce(Sum("tally__version"), 0)).order_by("pk")
    )
    version: Values = {(slug,): number for slug, number in versions.values_list("slug", "version")}
    alarming: Values = {}
    known: Values = {}
    checked: Values = {}
    balanced: Values = {}
    row: Any  # with its ages
    # The account of a certified election is closed, and nobody looks at it again.
    watched = Election.objects.current().exclude(state=State.CERTIFIED)
    for row in Reconciliation.objects.with_age().select_related("election").filter(election__in=watched):
        label = (row.election.slug,)
        alarming[label] = alarming.get(label, 0) + row.is_alarming
        known[label] = known.get(label, 0) + row.is_acknowledged
        checked[label] = max(checked.get(label, 0), row.age.total_seconds())
        balanced[label] = max(balanced.get(label, 0), row.balanced_age.total_seconds())
    yield metrics.DATABASE_REACHABLE.family({ONLY: 1})
    yield metrics.VERSION.family(version)
    yield metrics.PROBLEMS.family(alarming)
    yield metrics.ACKNOWLEDGED.family(known)
    yield metrics.CHECK_AGE.family(checked)
    yield metrics.BALANCE_AGE.family(balanced)
