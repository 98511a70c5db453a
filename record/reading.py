"""Read what is published of a log: tiles, bundles of entries, and proofs about its tree."""

import re

from polls.models import Election
from tally import store

from .cosignatures import cosigned_checkpoint
from .entry import write_entries
from .formats.encodings import HASH_BYTES, Malformed
from .formats.proof import Proof
from .formats.tiles import TILE_WIDTH, Bundle, HashesInTiles, Tile, tile_width, write_bundle
from .formats.tree import leaf_hash, split_hashes
from .formats.tree_proofs import prove_consistency, prove_inclusion
from .models import Batch, InstallationEvent, InstallationLog, Log, SignedLog
from .models import Tile as StoredTile

_RECEIPT = re.compile(r"(?P<batch>[0-9]{1,18})\.(?P<place>[0-9]{1,9})", re.ASCII)


def find_log(slug: str) -> Log | None:
    """Return the log of the election at an address, None if it has none."""
    published = Election.objects.published().filter(slug=slug)
    return Log.objects.filter(election__in=published).defer("frontier", "fates").first()


def find_installation_log() -> InstallationLog | None:
    """Return the log of the installation, None before a worker has begun it."""
    return InstallationLog.objects.defer("frontier").first()


def read_file(log: SignedLog, asked: Tile | Bundle) -> bytes | None:
    """Return a tile or a bundle; None if the tree is not that large yet."""
    level = asked.level if isinstance(asked, Tile) else 0
    if tile_width(level, asked.index, log.size) < asked.width:
        return None
    if isinstance(asked, Tile) and level:
        stored = StoredTile.objects.filter(election=log.election_id, level=level, index=asked.index)
        return bytes(stored.values_list("hashes", flat=True).get())[: asked.width * HASH_BYTES]
    entries = read_entries(log, asked.index * TILE_WIDTH, asked.width)
    return write_bundle(entries) if isinstance(asked, Bundle) else b"".join(map(leaf_hash, entries))


def read_entries(log: SignedLog, first: int, number: int) -> list[bytes]:
    """Return `number` entries from a place in the tree on, all of which are there."""
    if log.election_id is None:
        events = InstallationEvent.objects.filter(place__gte=first, place__lt=first + number).order_by("place")
        return [entry.encode() for entry in events.values_list("entry", flat=True)]
    entries: list[bytes] = []
    if isinstance(log, Log) and first < log.first_ballot and number:
        entries.append(log.reference.encode())
        first, number = first + 1, number - 1
    rows = store.run(
        """
        SELECT first, design, commitments FROM record_batch
        WHERE election_id = %(election)s AND first < %(end)s AND first >= (
            SELECT max(first) FROM record_batch WHERE election_id = %(election)s AND first <= %(first)s
        ) ORDER BY first
        """,
        {"election": log.election_id, "first": first, "end": first + number},
    )
    for start, design, data in rows:
        begin = max(first - start, 0) * HASH_BYTES
        end = (first + number - start) * HASH_BYTES
        entries += write_entries(log.slug, design, split_hashes(bytes(data[begin:end])))
    return entries


def find_place(log: Log, receipt: str) -> int | None:
    """Return the place in the tree of the entry that a receipt names; None while it has none.

    Raises Malformed for what is no receipt of this log.
    """
    named = _RECEIPT.fullmatch(receipt)
    batch = Batch.objects.filter(pk=named["batch"], election=log.pk).first() if named else None
    # Of what has no place yet nobody learns by asking whether it was counted.
    placed = batch and batch.first is not None and batch.first < log.size
    if not named or (batch and placed and int(named["place"]) >= len(batch.commitments) // HASH_BYTES):
        raise Malformed(f"{receipt[:40]!r} is no receipt of this record")
    if batch is None or batch.first is None or not placed:
        return None
    return batch.first + int(named["place"])


def prove(log: SignedLog, place: int) -> Proof:
    """Return the proof that the entry at a place is in the tree, under the newest checkpoint; it brings the entry."""
    hashes = prove_inclusion(place, log.size, _hashes_of(log))
    [entry] = read_entries(log, place, 1)
    return Proof(place, tuple(hashes), cosigned_checkpoint(log), extra=entry)


def prove_growth(log: SignedLog, old_size: int) -> list[bytes]:
    """Return the proof that the tree begins with that of an older size; raises ValueError if it is smaller."""
    return prove_consistency(old_size, log.size, _hashes_of(log))


def _hashes_of(log: SignedLog) -> HashesInTiles:
    def read_tile(tile: Tile) -> bytes:
        found = read_file(log, tile)
        assert found is not None, f"{tile} is a part of a tree of {log.size}"
        return found

    return HashesInTiles(log.size, read_tile)
