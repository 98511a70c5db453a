"""Give entries their places in the tree, under the lock of their election's log, and sign the head.

Shards are counted beside each other and never wait here: whoever finds the log locked leaves its batch to the one that
has it, or to the next tick. A transaction moves batches, tiles, frontier and checkpoint together, so that whatever dies
in it there is neither a gap nor a second tree.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now

from polls.life import COUNTED
from polls.models import Election, Shows
from tally import store
from tally.models import Tally

from .entry import write_entries
from .formats.encodings import HASH_BYTES
from .formats.keys import SignerKey
from .formats.tiles import Growth, grow
from .formats.tree import Frontier, leaf_hash, split_hashes
from .logs import sign
from .models import Batch, Log, LogSecret, SignedLog

# Bytes of commitments that one transaction takes, or one batch if that has more: what it holds in memory.
MOST_BYTES = 20_000 * HASH_BYTES
# Elections whose number of ballots may not be seen yet.
HELD_BACK = Q(shows=Shows.HIDDEN, released_at=None)
# Elections of which only those rounds may be seen that are in the outcome that is shown: its results go in steps, and
# the record with them.
IN_STEPS = Q(step__gt=1, state__in=COUNTED)
_TALLY = Tally.objects.filter(election=OuterRef("election"), shard=OuterRef("shard"))
# Batches of rounds that are in the outcome that is shown.
SHOWN = Q(version__lte=Subquery(_TALLY.values("shown_version")))


def waiting() -> list[int]:
    """Return the elections that have entries without a place, and that may show them."""
    pending = Batch.objects.filter(SHOWN | ~Q(election__in=Election.objects.filter(IN_STEPS)), first=None)
    elections = Election.objects.filter(pk__in=pending.values("election"))
    return list(elections.exclude(HELD_BACK).values_list("pk", flat=True))


def sequence(election: int, *, wait: bool = False) -> None:
    """Give all entries that wait their places, unless they may not be shown yet.

    While another worker is at it this waits for it, or leaves the entries to it.
    """
    while _sequence_some(election, wait=wait):
        pass


@transaction.atomic
def _sequence_some(election: int, *, wait: bool) -> bool:
    """Take the first batches that wait; tell whether more of them do."""
    log = Log.objects.select_for_update(skip_locked=not wait).filter(pk=election).first()
    if log is None or Election.objects.filter(HELD_BACK, pk=election).exists():
        return False
    taken, more = _take(election)
    if not taken:
        return False
    firsts, leaves = [], list[bytes]()
    for batch in taken:
        firsts.append(log.size + len(leaves))
        leaves += map(leaf_hash, write_entries(log.slug, batch.design, split_hashes(bytes(batch.commitments))))
    _place(taken, firsts)
    append(log, leaves, LogSecret.objects.values_list("signer_key", flat=True).get(pk=election))
    return more


def append(log: SignedLog, leaves: Sequence[bytes], signer_key: str) -> None:
    """Append leaf hashes to the tree of a log that is locked, and sign its new head; in an open transaction."""
    grown, growths = grow(Frontier.from_bytes(bytes(log.frontier)), leaves)
    _store_tiles(log.election_id, growths)
    type(log)._default_manager.filter(pk=log.pk).update(
        size=grown.size, frontier=grown.to_bytes(), checkpoint=sign(SignerKey.parse(signer_key), grown), signed_at=Now()
    )


def _take(election: int) -> tuple[list[Batch], bool]:
    taken: list[Batch] = []
    size = 0
    batches = Batch.objects.filter(election=election, first=None)
    if Election.objects.filter(IN_STEPS, pk=election).exists():
        batches = batches.filter(SHOWN)
    for batch in batches.order_by("pk").iterator(chunk_size=10):
        if taken and size + len(batch.commitments) > MOST_BYTES:
            return taken, True
        taken.append(batch)
        size += len(batch.commitments)
    return taken, False


def _place(batches: Sequence[Batch], firsts: Sequence[int]) -> None:
    store.run(
        "UPDATE record_batch SET first = placed.first FROM unnest(%s::bigint[], %s::bigint[]) AS placed (id, first) "
        "WHERE record_batch.id = placed.id",
        [[batch.pk for batch in batches], list(firsts)],
    )


def _store_tiles(election: int | None, growths: Sequence[Growth]) -> None:
    """Add hashes to the ends of tiles above level 0."""
    grown = [one for one in growths if one.tile.level > 0]
    if grown:
        store.run(
            """
            INSERT INTO record_tile (election_id, level, index, hashes)
            SELECT %s::bigint, * FROM unnest(%s::int[], %s::bigint[], %s::bytea[])
            ON CONFLICT (election_id, level, index) DO UPDATE SET hashes = record_tile.hashes || excluded.hashes
            """,
            [
                election,
                [one.tile.level for one in grown],
                [one.tile.index for one in grown],
                [b"".join(one.hashes) for one in grown],
            ],
        )
