"""Note how many replicas are in sync with the primary: all of these have to confirm what it accepts.

For about a second there can be two primaries: the old one stood still, or an operator moved it, and one of its two
replicas was promoted meanwhile. The other replica still follows the old primary then. If its confirmation were enough,
the old primary would accept ballots that are lost once both follow the new one. So both have to confirm, and the
promoted one does not confirm anything to the old primary.

Fewer are noted only when no other primary can be meant: after a fail-over, or after a replica has been missing for
longer than a fail-over takes, and most Sentinels agree on the primary.

A primary that did not answer for a moment may have been replaced, and have noted fewer before or since. So this process
doubts it for some seconds (`confirming.doubt`), and all replicas have to confirm, whatever it has noted.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import redis
from django.conf import settings

from telemetry import throttled_log

from . import confirming, sentinels
from .connection import Unavailable, ask, reaching
from .keys import CONFIRMED, IN_SYNC
from .replicas import connect_to, count_in_sync

_log = logging.getLogger(__name__)

# Seconds between two looks at what replicas confirm, and at who follows.
INTERVAL, ARRIVALS_INTERVAL = 0.3, 0.1
# More replicas than there are.
ALL = 9
# Seconds for which a replica has to be missing, while Sentinels agree on the primary: they take less for a fail-over.
MISSED_S = 4
# Seconds between two looks after which nobody knows what has happened meanwhile: enough for Sentinels to begin one.
GAP_S = 2
# Seconds for which a primary has to answer, and Sentinels to agree on it, until it is no longer doubted: if they were
# choosing another, this is known by then.
TRUST_S = 3
# Seconds from one look to the end of the next after which this process has stood still. A look is over before, also
# where a Sentinel is lost with its machine, which costs time twice.
STILL_S = 3
# Seconds since a replica was heard of within which it has come, or is there; it tells every second what it has.
HEARD_S = 2
# Seconds after which it is said that Sentinels do not agree: a fail-over is over by then.
UNSETTLED_S = 30


class Noted(NamedTuple):
    """What Redis keeps: how many replicas have to confirm, and the last fail-over, by Sentinels' number of it."""

    number: int = 0
    fail_over: int = 0

    @classmethod
    def read(cls, fields: dict[bytes, bytes]) -> "Noted":
        return cls(*(confirming.read_number(fields.get(name.encode())) for name in cls._fields))


def start() -> None:
    """Watch in a thread of this process, if settings ask for copies, on servers of which Sentinels promote one.

    Each process of `vote` does so, and the worker: people can vote without a worker, and it can count without `vote`.
    """
    _start("in sync", Watch().look, INTERVAL)


def start_arrivals() -> None:
    """Watch for replicas that come, in a thread of this process: of the worker, which alone may ask who follows."""
    _start("arrivals", note_arrivals, ARRIVALS_INTERVAL)


def _start(name: str, look: Callable[[], None], interval: float) -> None:
    if settings.BALLOT_BOX_COPIES and settings.REDIS_SENTINELS:
        threading.Thread(target=look_for_ever, args=(look, interval), name=name, daemon=True).start()


def look_for_ever(look: Callable[[], None], interval: float) -> NoReturn:
    """Look again and again; whatever goes wrong, the next look may succeed."""
    while True:
        try:
            look()
        except Unavailable as error:
            # Else a fail-over is under way, or nobody reaches the box, which others say.
            if isinstance(error.__cause__, redis.exceptions.NoPermissionError):
                _log_once_a_minute(
                    logging.ERROR,
                    "ballots are less safe: give Redis the users of this release, as CHANGELOG.md says",
                )
        except Exception:
            _log_once_a_minute(
                logging.ERROR,
                "how many replicas are in sync is not known; if this goes on, nobody can vote",
                exc_info=True,
            )
        time.sleep(interval)


class Watch:
    """Looks how many replicas are in sync, and notes it; doubts the primary if it does not answer."""

    def __init__(self) -> None:
        self._looked_at = self._settled_at = self._ended_at = time.monotonic()
        self._missed_since: float | None = None
        # Of the last primary on which Sentinels agreed.
        self._fail_over = 0
        self._doubted_at = 0.0

    def look(self) -> None:
        """Note how many replicas are in sync, if Sentinels agree on the primary; raises Unavailable."""
        has_failed, is_settled = True, False
        try:
            is_settled = self._look()
            has_failed = False
        finally:
            now = time.monotonic()
            if has_failed or now - self._ended_at > STILL_S:
                confirming.doubt(self._fail_over)
                self._doubted_at = now
            elif not is_settled:
                self._doubted_at = now
            elif now - self._doubted_at >= TRUST_S:
                confirming.trust()
            self._ended_at = now

    def _look(self) -> bool:
        """Do it; tell whether Sentinels agree on a primary."""
        # Forgotten unless this look finds it again.
        missed_since, self._missed_since = self._missed_since, None
        settled = sentinels.find_settled()
        if settled is None:
            if time.monotonic() - self._settled_at > UNSETTLED_S:
                _log_once_a_minute(
                    logging.WARNING,
                    "Sentinels do not agree on the primary of the ballot box: if a replica is lost now, nobody can "
                    "vote; ask each of them for `sentinel master`",
                )
            return False
        self._settled_at = time.monotonic()
        address, fail_over = settled
        with reaching():
            client = connect_to(*address)
            try:
                noted, following = _ask(client)
                now = time.monotonic()
                gap, self._looked_at = now - self._looked_at, now
                if following < noted.number:
                    self._missed_since = now if missed_since is None or gap > GAP_S else missed_since
                found = judge(noted, following, fail_over, now - (self._missed_since or now))
                self._fail_over = fail_over
                if found == noted:
                    return True
                # This process may have stood still since, and another primary have been promoted.
                if found.number < noted.number and sentinels.find_settled() != settled:
                    return False
                # Another process may have noted something since; the next look judges it.
                if Noted.read(client.hgetall(IN_SYNC)) != noted:
                    return True
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
        return True


def _ask(client: Any) -> tuple[Noted, int]:
    """Return what is noted at a primary, and how many replicas are in sync with it; raises the client's errors."""
    pipe = client.pipeline(transaction=False).hgetall(IN_SYNC).set(CONFIRMED, 1).wait(ALL, confirming.patience_ms())
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


def note_arrivals() -> None:
    """Note replicas that follow before they confirm anything, which takes them half a second; raises Unavailable.

    They may be promoted meanwhile. Nobody can vote until they confirm. One that goes on to be silent is missed like any
    other. What another process has noted by an older look is put right here.
    """
    there = count_in_sync(HEARD_S)
    with reaching():
        [told] = ask(("HGET", IN_SYNC, confirming.NUMBER))
        if there > (number := confirming.read_number(told)):
            ask(("HSET", IN_SYNC, confirming.NUMBER, there))
            _log.info("a replica has come: %d have to confirm what is accepted; it was %d", there, number)


def _log_once_a_minute(level: int, message: str, *, exc_info: bool = False) -> None:
    if (more := throttled_log.count_left_out(message)) is not None:
        _log.log(level, "%s%s", message, more, exc_info=exc_info)
