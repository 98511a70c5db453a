"""Take batches out of one shard; under a backlog threads work with Redis while PostgreSQL counts."""

import math
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Self

from django.conf import settings

from polls.ballot_box import inbox
from polls.ballot_box.inbox import Entry, Settlement
from polls.definition import Definition

from . import recorder
from .recorder import Prepare
from .rows import Rows
from .screening import Batch, sort_out

# After a full batch the next ones are larger, so that fewer commits wait for the disk.
BACKLOG_FACTOR = 4
# One reads and prepares the next batch, and one settles the last.
THREADS = 2


class Look(NamedTuple):
    """What one look into the box found."""

    entries: list[Entry]
    batch: Batch
    # Its ballots as PostgreSQL takes them, and what the recorder has prepared of them.
    rows: Rows
    prepared: Any

    @classmethod
    def at(cls, definition: Definition, shard: int, entries: list[Entry], prepare: Prepare) -> Self:
        """Do with entries all that needs no database."""
        batch = sort_out(definition, shard, entries)
        ballots = list(batch.ballots.values())
        return cls(entries, batch, Rows.of(ballots), prepare(ballots))


class Backlog:
    """The ballots that wait in one shard, a batch at a time, in order of acceptance.

    While full batches come, threads read and prepare the next one and settle the last one beside the counting. Another
    worker may have counted a batch that was read ahead; it then changes nothing.
    """

    def __init__(self, definition: Definition, shard: int, *, over: float = math.inf) -> None:
        """Take batches of one turn of counting, which is `over` at a time of `time.monotonic`."""
        self._definition, self._shard, self._over = definition, shard, over
        self._taken = time.monotonic()
        self._is_full = False
        self._prepare = recorder.current().begin(definition)
        self._beside: ThreadPoolExecutor | None = None
        self._ahead: Future[Look] | None = None
        self._settling: Future[None] | None = None
        self.last: str | None = None
        self.finds_reused_places = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._beside:
            self._beside.shutdown(cancel_futures=True)

    def take(self) -> Look:
        """Return the next batch, an empty one if nothing waits; raises Unavailable."""
        now = time.monotonic()
        size = settings.DRAIN_BATCH_SIZE * (BACKLOG_FACTOR if self._is_full else 1)
        look = self._ahead.result() if self._ahead else self._read(self.last, size)
        self._ahead = None
        if look.entries:
            self.last = look.entries[-1].id
        self._is_full = len(look.entries) == size
        if self._is_full:
            self._beside = self._beside or ThreadPoolExecutor(THREADS, "backlog")
            # Not if the turn is over after this batch, should it take as long as the one before.
            if now + (now - self._taken) < self._over:
                self._ahead = self._beside.submit(self._read, self.last, settings.DRAIN_BATCH_SIZE * BACKLOG_FACTOR)
        self._taken = now
        return look

    def settle(self, settlements: Iterable[Settlement], version: int) -> None:
        """Settle a committed batch, at once or beside the next one; raises what settling the one before it raised.

        It is in this `version` of the shard's count.
        """
        self.finish()
        where = (self._definition.election, self._shard)
        if self._beside:
            self._settling = self._beside.submit(inbox.settle, *where, settlements, version=version)
        else:
            inbox.settle(*where, settlements, version=version)

    def finish(self) -> bool:
        """Wait until all batches are settled; tell whether one still was not. Raises what settling it raised."""
        if self._settling is None:
            return False
        settling, self._settling = self._settling, None
        settling.result()
        return True

    def _read(self, after: str | None, limit: int) -> Look:
        entries = inbox.read(self._definition.election, self._shard, after=after, limit=limit)
        return Look.at(self._definition, self._shard, entries, self._prepare)
