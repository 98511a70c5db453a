"""Receive PostgreSQL's write-ahead log while it is written, by PostgreSQL's own protocol of replication.

pg_receivewal does the same, but only into plain files, and an `archive_command` runs in the server's container, which
has no program that encrypts. What is received here is a run of bytes without a gap; segments.py makes segments of it.
"""

import select
import time
from typing import Any

import psycopg2
from psycopg2.extras import REPLICATION_PHYSICAL, PhysicalReplicationConnection

from .server import connect, identify, parameters, read_flushed

# Bytes that are kept in memory at most; the server keeps the rest.
MOST = 64 << 20


class Interrupted(Exception):
    """The log goes on elsewhere: another cluster is there, or the server has removed what comes next."""


class WalStream:
    """What a server writes into its log from a place on; `received` holds what nobody has taken yet."""

    def __init__(self) -> None:
        """Connect, and begin at the segment that the server writes now; raises psycopg2.Error."""
        self._open()
        self.cluster = identify(self._cursor)
        self.start = self.flushed() // self.cluster.segment_size * self.cluster.segment_size
        self.received = bytearray()
        self._begin()

    @property
    def end(self) -> int:
        """Return the place behind the last byte that was received."""
        return self.start + len(self.received)

    def flushed(self) -> int:
        """Return how far the server is; raises psycopg2.Error."""
        return read_flushed(self._cursor)

    def reconnect(self) -> None:
        """Go on where this has stopped; raises psycopg2.Error, Interrupted."""
        self.close()
        self._open()
        if identify(self._cursor) != self.cluster:
            raise Interrupted("this is another database than before, as after a restore")
        if self.flushed() < self.end:
            raise Interrupted("the database has gone back to an earlier state")
        self._begin()

    def receive(self, until: float) -> None:
        """Receive until a time (`time.monotonic`), or until enough is there; raises psycopg2.Error, Interrupted."""
        while True:
            while len(self.received) < MOST and (message := self._read()):
                if message.data_start != self.end:
                    raise Interrupted("the log has a gap")
                self.received += message.payload
            left = until - time.monotonic()
            if left <= 0:
                return
            if len(self.received) >= MOST:
                time.sleep(left)
                return
            select.select([self._replication], [], [], left)

    def receive_up_to(self, place: int, patience: float) -> None:
        """Receive until a place in the log has come, or for so many seconds; raises as `receive`."""
        deadline = time.monotonic() + patience
        while self.end < place and len(self.received) < MOST and time.monotonic() < deadline:
            self.receive(min(deadline, time.monotonic() + 0.02))

    def take(self) -> None:
        """Forget what was received: it is on the disk of the backup."""
        self.start = self.end
        self.received = bytearray()
        self.confirm()

    def confirm(self) -> None:
        """Tell the server that somebody still listens, and how far; raises psycopg2.Error."""
        self._stream.send_feedback(write_lsn=self.end, flush_lsn=self.start, apply_lsn=self.start, force=True)

    def close(self) -> None:
        """Let the server go."""
        for one in (self._replication, self._connection):
            one.close()

    def _open(self) -> None:
        self._connection: Any = connect()
        self._cursor = self._connection.cursor()
        self._replication: Any = psycopg2.connect(
            **parameters(),
            connect_timeout=5,
            application_name="urna backup",
            connection_factory=PhysicalReplicationConnection,
        )
        self._stream = self._replication.cursor()

    def _begin(self) -> None:
        place = f"{self.end >> 32:X}/{self.end & 0xFFFFFFFF:X}"
        self._stream.start_replication(slot_type=REPLICATION_PHYSICAL, start_lsn=place)

    def _read(self) -> Any:
        try:
            return self._stream.read_message()
        except psycopg2.Error as error:
            if "already been removed" in str(error):
                raise Interrupted(str(error).strip()) from error
            raise
