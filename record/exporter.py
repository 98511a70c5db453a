"""Tell Prometheus how long each record is, what waits for a place in it, and whether its witnesses follow."""

from collections.abc import Iterator

from django.db import DatabaseError, connection
from django.db.models import Sum
from django.db.models.functions import Length
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from polls.models import Election

from . import metrics
from .formats.encodings import HASH_BYTES
from .models import Batch, Log, Witness
from .sequencer import HELD_BACK

Values = dict[tuple[str, ...], float]
COSIGNED, BEHIND, CONTRADICTS = "cosigned", "behind", "contradicts"


class Records(Collector):
    """Asks PostgreSQL each time; says nothing while it does not answer, which others report."""

    def describe(self) -> list[Metric]:
        """Declare nothing, so that registering does not ask the server."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            found = list(_read())
        except DatabaseError:
            found = []
        finally:
            # Nothing else uses this thread's connection, and a forked child must not inherit it open.
            connection.close()
        yield from found


def _read() -> Iterator[Metric]:
    # How many entries there are is not told of an election that hides its ballots.
    shown = Election.objects.current().exclude(HELD_BACK)
    logs = Log.objects.filter(election__in=shown).select_related("election")
    found = logs.only("size", "reference", "election__slug")
    entries: Values = {(log.election.slug,): log.ballots for log in found}
    waiting: Values = dict.fromkeys(entries, 0.0)
    pending = Batch.objects.filter(first=None, election__in=shown).values_list("election__slug")
    for slug, size in pending.annotate(bytes=Sum(Length("commitments"))):
        waiting[slug,] = size // HASH_BYTES
    yield metrics.ENTRIES.family(entries)
    yield metrics.WAITING.family(waiting)
    yield metrics.WITNESSES.family(_count_witnesses())


def _count_witnesses() -> Values:
    rows = Witness.objects.filter(election__in=Election.objects.current(), election__log__isnull=False)
    counted: Values = {}
    for slug, contradicts, cosigned, size in rows.values_list(
        "election__slug", "contradicts", "size", "election__log__size"
    ):
        state = CONTRADICTS if contradicts else BEHIND if cosigned < size else COSIGNED
        counted[slug, state] = counted.get((slug, state), 0) + 1
    return counted
