"""Make backups: a base of PostgreSQL, and each second what has come since, also while people vote.

A tick goes in this order, which makes it complete: (1) the ballots that wait in the box; (2) the write-ahead log, up to
a moment after that look; (3) the heads of the records. If these are newer than the log that was saved, a restore knows
that entries are missing. box_copy.py says why.
"""

import contextlib
import datetime as dt
import io
import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import psycopg2
import pyrage
from django.db import DatabaseError, close_old_connections

from polls.ballot_box import Unavailable
from voting_site import __version__

from .archive import Archive
from .box_copy import BoxCopy, Look, read_heads
from .contents import applied_migrations, read_elections, write_contents
from .manifest import NAME, Manifest
from .sealed_files import place, write_sealed
from .series import Series
from .server import Base, BaseFails, copy_base
from .wal_stream import Interrupted, WalStream

logger = logging.getLogger(__name__)

# Seconds between two ticks: what is lost at most when both disks are lost, besides what writing takes.
TICK_S = 1.0
# Between ticks while one backup alone is made.
SHORT_TICK_S = 0.2
# Seconds for which a tick waits for the log to come; and after which a base that has failed is made again.
PATIENCE_S = 5.0
AGAIN_S = 60.0
# Errors of a server that is not there, or of a disk that is full.
TROUBLE = (psycopg2.Error, DatabaseError, Unavailable, OSError, BaseFails)


class Making:
    """Makes backups into an archive; `run` returns when it is told to stop, or after one backup."""

    def __init__(
        self,
        archive: Archive,
        *,
        recipients: Sequence[pyrage.x25519.Recipient] = (),
        keep: int,
        every: dt.timedelta | None,
    ) -> None:
        """Keep the newest `keep` backups; without `every`, which is between two of them, make one alone."""
        self.archive = archive
        self.recipients = recipients
        self.keep = keep
        self.every = every
        self.stopping = threading.Event()
        self.made: Manifest | None = None
        self._due = time.monotonic()
        self._box = BoxCopy()
        self._stream: WalStream | None = None
        self._series: Series | None = None
        self._base: _Beside | None = None
        self._is_broken = False
        self._is_in_trouble = False

    def run(self) -> None:
        """Make one backup, or go on until told to stop; raises one of TROUBLE, or Interrupted, if it makes only one."""
        self.archive.remove_unfinished()
        while not self.stopping.is_set():
            try:
                self._step()
                self._note_success()
            except (*TROUBLE, Interrupted) as error:
                if self.every is None:
                    raise
                self._note(error)
            if self.every is None and self.made:
                return
        if self._base is None:
            self._last_tick()

    def _step(self) -> None:
        """Do what a second brings."""
        began = time.monotonic()
        self._ensure_stream()
        assert self._stream
        assert self._series
        if self._base is None and time.monotonic() >= self._due:
            self._base = _Beside(partial(self._make_base, self._series))
        self._stream.receive(began + (TICK_S if self.every else SHORT_TICK_S))
        finished = self._base is not None and self._base.done()
        self.tick()
        if finished:
            self._finish_base()

    def tick(self) -> None:
        """Save what has come since the last tick; raises one of TROUBLE, or Interrupted."""
        assert self._stream
        assert self._series
        look = self._look()
        self._stream.receive_up_to(self._stream.flushed(), PATIENCE_S)
        if self._stream.received:
            self._series.add_wal(self._stream.start, bytes(self._stream.received))
            self._stream.take()
        else:
            self._stream.confirm()
        # A Redis that is away says nothing; what it had is saved.
        with contextlib.suppress(Unavailable):
            self._series.set_heads(read_heads())
        self._series.set_tip(self._stream.end, _now())
        if look:
            self._series.drop_counted(look)

    def _look(self) -> Look | None:
        assert self._series
        try:
            look = self._box.look(time.monotonic())
        except Unavailable:
            if self.every is None:
                raise
            return None
        self._series.add_waiting(look)
        return look

    def _ensure_stream(self) -> None:
        """Begin a series, or go on with the one that was interrupted; raises psycopg2.Error, Interrupted."""
        if self._stream and self._is_broken:
            self._stream.reconnect()
            self._is_broken = False
        if self._stream is None or self._series is None:
            self._stream = WalStream()
            # A checkpoint, with which a base begins, may remove what is behind it.
            self._stream.receive_up_to(self._stream.flushed(), PATIENCE_S)
            self._series = Series(self.archive, self.recipients)
            self._box = BoxCopy()
            self._due = time.monotonic()

    def _note(self, error: Exception) -> None:
        """Log what is wrong, once, and get ready to go on."""
        text = str(error).strip().partition("\n")[0]
        if isinstance(error, Interrupted):
            logger.warning("a new backup is made: %s", text)
            self._drop_stream()
            return
        if not self._is_in_trouble:
            logger.error("ALARM backups in %s do not go on: %s", self.archive.path, text)
            self._is_in_trouble = True
        if isinstance(error, psycopg2.Error):
            self._is_broken = True
            if self._series:
                # People go on voting while PostgreSQL is away.
                with contextlib.suppress(Unavailable, OSError):
                    self._look()
                    self._series.set_heads(read_heads())
        self.stopping.wait(TICK_S)

    def _note_success(self) -> None:
        if self._is_in_trouble:
            logger.info("backups in %s go on again", self.archive.path)
            self._is_in_trouble = False

    def _drop_stream(self) -> None:
        if self._stream:
            with contextlib.suppress(psycopg2.Error):
                self._stream.close()
        self._stream, self._is_broken = None, False

    def _make_base(self, series: Series) -> Manifest:
        """Make a base and all that belongs to it, but for the manifest; runs beside the ticks."""
        begun = dt.datetime.now(dt.UTC)
        name = begun.strftime("%Y%m%dT%H%M%S.%fZ")
        folder = self.archive.backups / name
        folder.mkdir(mode=0o700)
        assert self._stream
        cluster = self._stream.cluster
        try:
            base: Base = copy_base(folder, self.recipients)
            elections = read_elections()
            contents = write_sealed(folder, "contents.json", io.BytesIO(write_contents(elections)), self.recipients)
            return Manifest(
                name=name,
                installation=cluster.installation,
                release=__version__,
                migrations=applied_migrations(),
                postgres=cluster.postgres,
                timeline=base.timeline,
                segment_size=cluster.segment_size,
                start=base.start,
                stop=base.stop,
                series=series.name,
                expanded=base.expanded,
                begun_at=begun.isoformat(),
                ended_at=_now(),
                encrypted=bool(self.recipients),
                files={"base": base.file, "contents": contents},
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            close_old_connections()

    def _finish_base(self) -> None:
        """Make a base a backup, and remove old ones."""
        assert self._base
        base, self._base = self._base, None
        self._due = time.monotonic() + AGAIN_S
        manifest = base.result()
        self._due = time.monotonic() + (self.every.total_seconds() if self.every else 0)
        assert self._series
        if manifest.series != self._series.name:
            shutil.rmtree(self.archive.backups / manifest.name)
            self._due = time.monotonic()
            return
        text = manifest.to_json().encode()
        place(self.archive.backups / manifest.name, NAME, lambda target: target.write(text))
        self.made = manifest
        logger.info("backup %s is made in %s", manifest.name, self.archive.path)
        with self.archive.removing() as may_remove:
            if may_remove:
                self.archive.keep_newest(self.keep, current=self._series.name)

    def _last_tick(self) -> None:
        if self._stream and self._series:
            with contextlib.suppress(*TROUBLE, Interrupted):
                self.tick()


class _Beside:
    """A base that is made in a thread of its own, which the end of the process does not wait for."""

    def __init__(self, make: Callable[[], Manifest]) -> None:
        self._made: Manifest | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=[make], daemon=True)
        self._thread.start()

    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Manifest:
        """Return it once it is done, or raise what went wrong."""
        if self._failure:
            raise self._failure
        assert self._made
        return self._made

    def _run(self, make: Callable[[], Manifest]) -> None:
        try:
            self._made = make()
        except Exception as error:
            self._failure = error


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
