"""Restore what a box that has lost data needs before it accepts ballots again, and then give it a new epoch.

The first step sets `urna:healing`, and the last one removes it. A box that is emptied in between loses this key, and
then gets no epoch.
"""

from collections.abc import Sequence

from django.conf import settings
from redis.client import Pipeline

from . import connection
from .connection import ask, evaluate, reaching
from .keys import EPOCH, HEALING, PRIMARY, key


def may_be_replaced() -> bool:
    """Tell whether another server may be promoted, as settings have it."""
    return bool(settings.REDIS_SENTINELS or settings.BALLOT_BOX_COPIES)


def find_primary() -> tuple[str, str]:
    """Return the replication ID of the server that answers, and of the one that the epoch is for; raises Unavailable.

    A server gets another ID when it is promoted, and when it starts. The second one is "" where none was noted.
    """
    with reaching():
        told, noted = ask(("INFO", "replication"), ("GET", PRIMARY))
    lines = dict(line.split(b":", 1) for line in told.splitlines() if b":" in line)
    return lines[b"master_replid"].decode(), (noted or b"").decode()


def note_primary(replication_id: str) -> None:
    """Note for which server the epoch is; raises Unavailable."""
    with reaching():
        ask(("SET", PRIMARY, replication_id))


def begin(epoch: str) -> None:
    """Note which epoch is to begin; raises Unavailable."""
    with reaching():
        connection.client().set(HEALING, epoch)


def remember(election: int, shard: int, marks: Sequence[str]) -> None:
    """Restore `marks` (voter key and mark in turn), unless the box knows a later ballot; raises Unavailable."""
    keys = [key(election, shard, part) for part in ("voters", "rules")]
    with reaching():
        evaluate("remember", keys, marks)


def adopt(election: int, shards: int, epoch: str) -> None:
    """Let each shard of an election begin the epoch; raises Unavailable."""
    for shard in range(shards):
        with reaching():
            evaluate("adopt", [key(election, shard, "rules")], [epoch])


def finish(epoch: str) -> None:
    """Let the box accept ballots, in the epoch that was begun; raises Unavailable."""
    with reaching():
        connection.client().transaction(lambda pipe: _give_epoch(pipe, epoch), HEALING)


def _give_epoch(pipe: Pipeline, epoch: str) -> None:
    healing = pipe.get(HEALING)
    pipe.multi()
    if healing == epoch.encode():
        pipe.set(EPOCH, epoch)
        pipe.delete(HEALING)
