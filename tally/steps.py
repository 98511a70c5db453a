"""Live results in steps: a new outcome is shown only if the ballots of enough voters have changed it.

What a round counts in such an election leaves a row for each of its voters, in the transaction of the count. An
outcome is made once there are as many rows as the paper says, and takes away, in the transaction that stores it, the
rows of all that it has. Voters are counted, not ballots: whoever votes again and again moves no step. The last outcome,
once the box is sealed and empty, has the rest.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from polls.design import Paper
from polls.life import COUNTED

from . import store
from .models import Tally, UnshownVoter

# With the number of an election, the advisory lock of its outcome; TURNOUT_LOCK is another one.
OUTCOME_LOCK = -2

_unshown = UnshownVoter.objects.filter(election=OuterRef("pk")).order_by().values("election")
# How many voters an election has whose ballots are counted and not shown; an expression.
UNSHOWN = Coalesce(Subquery(_unshown.annotate(n=Count("pk")).values("n")), 0, output_field=BigIntegerField())
_tallies = Tally.objects.filter(election=OuterRef("pk")).order_by("shard")
# What `is_due` and `note_shown` need beside what an outcome is made of.
STANDING: dict[str, Any] = {
    "unshown": UNSHOWN,
    "counted_shards": ArraySubquery(_tallies.values("shard")),
    "shard_versions": ArraySubquery(_tallies.values("version")),
}
# Elections that show no newer outcome yet, as `is_due` says it; for a query that has `unshown` and `ballots`.
HELD = Q(step__gt=1, state__in=COUNTED, ballots__gt=0, unshown__lt=F("step"))


def go_on(row: Any) -> bool:
    """Tell whether the results of an election go in steps at the moment, by the paper on which people vote."""
    return row.state in COUNTED and Paper.read(row.paper).step > 1


def is_due(row: Any) -> bool:
    """Tell whether a newer outcome may be shown: for enough voters, or while there are none at all."""
    return row.unshown >= Paper.read(row.paper).step or not row.ballots


def reaches(election: int, step: int) -> bool:
    """Tell whether enough voters are not shown: a quick look before an outcome is made."""
    return UnshownVoter.objects.filter(election=election).count() >= step


@contextmanager
def alone(election: int, *, wait: bool) -> Iterator[bool]:
    """Let one process at a time decide on the outcome of an election: two at once could each show the other's rest."""
    with store.alone(OUTCOME_LOCK, election, wait=wait) as taken:
        yield taken


def note_unshown(election: int, shard: int, version: int, voter_keys: Iterable[str]) -> None:
    """Note whose ballots a round has counted, in its transaction; `version` is that of the shard's tally with it."""
    store.run(
        """
        INSERT INTO tally_unshownvoter (election_id, voter_key, shard, version)
        SELECT %s, voter_key, %s, %s FROM unnest(%s::text[]) AS voter_key
        ON CONFLICT (election_id, voter_key) DO UPDATE SET shard = excluded.shard, version = excluded.version
        """,
        [election, shard, version, list(voter_keys)],
    )


def note_shown(row: Any) -> None:
    """Note which rounds are in an outcome, in the transaction that stores it; `row` was read with `STANDING`."""
    shown = [row.counted_shards, row.shard_versions, row.pk]
    store.run(
        """
        DELETE FROM tally_unshownvoter AS voter USING unnest(%s::int[], %s::bigint[]) AS shown (shard, version)
        WHERE voter.election_id = %s AND voter.shard = shown.shard AND voter.version <= shown.version
        """,
        shown,
    )
    store.run(
        """
        UPDATE tally_tally AS tally SET shown_version = shown.version
        FROM unnest(%s::int[], %s::bigint[]) AS shown (shard, version)
        WHERE tally.election_id = %s AND tally.shard = shown.shard
        """,
        shown,
    )
