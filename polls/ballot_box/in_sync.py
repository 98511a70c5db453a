"""Note how many replicas are in sync with the primary: all of these have to confirm what it accepts.

A primary that stood still, or was replaced by an operator, goes on for a second beside the one that was promoted, and
so does one of the replicas. If one replica were enough, that one would confirm what is lost when it follows the new
primary. But the promoted one confirms nothing more. So as many have to confirm as followed before, until it is clear
that no other primary is being promoted: most Sentinels agree, and have done so for longer than a fail-over takes.
"""

import logging
import threading
import time
from typing import Any, NamedTuple, NoReturn

import redis
from django.conf import settings

from . import sentinels
from .connection import Unavailable, reaching
from .keys import CONFIRMED, IN_SYNC
from .replicas import connect_to

_log = logging.getLogger(__name__)

# Seconds between two looks.
INTERVAL = 0.3
# Seconds until it is said again that rights are missing.
PAUSE = 60
# More replicas than there are, and the milliseconds in which each that is in sync confirms.
ALL, PATIENCE_MS = 9, 200
# Seconds for which a replica has to be missing, while Sentinels agree on the primary: they take less for a fail-over.
MISSED_S = 4


class Noted(NamedTuple):
    """What Redis keeps: how many replicas have to confirm, and the last fail-over, by Sentinels' number of it."""

    number: int = 0
    fail_over: int = 0

    @classmethod
    def read(cls, fields: dict[bytes, bytes]) -> "Noted":
        return cls(*(int(fields.get(name.encode(), 0)) for name in cls._fields))


def start() -> None:
    """Watch in a thread of this process, if settings ask for copies, on servers of which Sentinels promote one.

    Each process of `vote` does so, and the worker: people can vote without a worker, and it can count without `vote`.
    """
    if settings.BALLOT_BOX_COPIES and settings.REDIS_SENTINELS:
        threading.Thread(target=Watch().run, name="in sync", daemon=True).start()


class Watch:
    """Looks again and again how many replicas are in sync, and notes it."""

    def __init__(self) -> None:
        self._missed_since: float | None = None

    def run(self) -> NoReturn:
        while True:
            try:
                self.look()
            except Unavailable as error:
                if isinstance(error.__cause__, redis.exceptions.NoPermissionError):
                    _log.error("ballots are less safe: give Redis the users of this release, as CHANGELOG.md says")
                    time.sleep(PAUSE)
                # A fail-over is under way, or nobody reaches the box, which others say.
            except Exception:
                _log.exception("how many replicas are in sync is not known; if this goes on, nobody can vote")
            time.sleep(INTERVAL)

    def look(self) -> None:
        """Note how many replicas are in sync, if Sentinels agree on the primary; raises Unavailable."""
        # Forgotten unless this look finds it again.
        missed_since, self._missed_since = self._missed_since, None
        settled = sentinels.find_settled()
        if settled is None:
            return
        address, fail_over = settled
        with reaching():
            client = connect_to(*address)
            try:
                noted, following = _ask(client)
                now = time.monotonic()
                if following < noted.number:
                    self._missed_since = missed_since or now
                found = judge(noted, following, fail_over, now - (self._missed_since or now))
                if found != noted:
                    client.hset(IN_SYNC, mapping=found._asdict())
            finally:
                client.close()
        if found.number < noted.number:
            _log.warning(
                "a replica of the ballot box is missing: %d has to confirm what is accepted, it was %d; "
                "bring it back before another server is lost",
                found.number,
                noted.number,
            )
        elif found.number > noted.number:
            _log.info("replicas that have to confirm what is accepted: %d; it was %d", found.number, noted.number)


def _ask(client: Any) -> tuple[Noted, int]:
    """Return what is noted at a primary, and how many replicas are in sync with it; raises the client's errors."""
    pipe = client.pipeline(transaction=False).hgetall(IN_SYNC).set(CONFIRMED, 1).wait(ALL, PATIENCE_MS)
    fields, _, following = pipe.execute()
    return Noted.read(fields), following


def judge(noted: Noted, following: int, fail_over: int, missed_for: float) -> Noted:
    """Return what is to be noted where so many replicas follow the primary that a fail-over has chosen.

    If these are fewer than is noted, they have been for so many seconds.
    """
    if following >= noted.number:
        return Noted(following, fail_over)
    if fail_over > noted.fail_over or missed_for >= MISSED_S:
        return Noted(max(settings.BALLOT_BOX_COPIES, following), fail_over)
    return noted
