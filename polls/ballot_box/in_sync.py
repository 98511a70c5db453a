"""Note how many replicas are in sync with the primary: all of these have to confirm what it accepts.

A primary that stood still, or was replaced by an operator, goes on for a second beside the one that was promoted, and
so does one of the replicas. If one replica were enough, that one would confirm what is lost when it follows the new
primary. But the promoted one confirms nothing more. So as many have to confirm as followed before, until it is clear
that no other primary is being promoted: Sentinels agree, and have done so for longer than a fail-over takes.
"""

import logging
import time
from typing import Any, NamedTuple, NoReturn

from django.conf import settings

from . import sentinels
from .connection import Unavailable, reaching
from .keys import IN_SYNC
from .replicas import connect_to

_log = logging.getLogger(__name__)

# Seconds between two looks.
INTERVAL = 0.5
# Seconds after its last sign of life, of which it gives one a second, from which on a replica is missing.
LAG_S = 2
# Milliseconds of Redis's clock for which replicas have to be missing: longer than Sentinels take for a fail-over.
MISSED_MS = 4000


class Noted(NamedTuple):
    """What Redis keeps: how many replicas have to confirm, and the last fail-over, by Sentinels' number of it.

    And since when fewer replicas follow, in ms by Redis's clock; 0 if none is missing.
    """

    number: int = 0
    fail_over: int = 0
    missed_since: int = 0

    @classmethod
    def read(cls, fields: dict[bytes, bytes]) -> "Noted":
        return cls(*(int(fields.get(name.encode(), 0)) for name in cls._fields))


def is_needed() -> bool:
    """Tell whether settings ask for copies, on servers of which Sentinels may promote another one."""
    return bool(settings.BALLOT_BOX_COPIES and settings.REDIS_SENTINELS)


def keep_always() -> NoReturn:
    """Note again and again how many replicas are in sync."""
    while True:
        try:
            keep()
        except Unavailable as error:
            # A fail-over is under way, or nobody reaches the box; other parts of the worker say so.
            _log.debug("how many replicas are in sync is not known: %s", error.__cause__)
        except Exception:
            _log.exception("how many replicas are in sync is not known; if this goes on, nobody can vote")
        time.sleep(INTERVAL)


def keep() -> None:
    """Note how many replicas are in sync; raises Unavailable. Nothing changes while Sentinels do not agree."""
    settled = sentinels.find_settled()
    if settled is None:
        return
    address, fail_over = settled
    with reaching():
        client = connect_to(*address)
        try:
            pipe = client.pipeline(transaction=False)
            fields, replication, (seconds, microseconds) = pipe.hgetall(IN_SYNC).info("replication").time().execute()
            noted = Noted.read(fields)
            now = seconds * 1000 + microseconds // 1000
            found = judge(noted, count_following(replication), fail_over, now)
            if found != noted:
                client.hset(IN_SYNC, mapping=found._asdict())
            if found.number != noted.number:
                _log.info("replicas that have to confirm what is accepted: %d; it was %d", found.number, noted.number)
        finally:
            client.close()


def count_following(replication: dict[str, Any]) -> int:
    """Return how many replicas follow, by what the primary tells."""
    replicas = [one for name, one in replication.items() if name.startswith("slave") and isinstance(one, dict)]
    return sum(one.get("state") == "online" and one.get("lag", LAG_S) < LAG_S for one in replicas)


def judge(noted: Noted, following: int, fail_over: int, now: int) -> Noted:
    """Return what is to be noted where so many replicas follow the primary of a fail-over, at a time in ms."""
    if following >= noted.number:
        return Noted(following, fail_over)
    if fail_over > noted.fail_over or (noted.missed_since and now - noted.missed_since >= MISSED_MS):
        return Noted(max(settings.BALLOT_BOX_COPIES, following), fail_over)
    return noted._replace(missed_since=noted.missed_since or now)
