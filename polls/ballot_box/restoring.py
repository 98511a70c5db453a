"""Give a box that has lost data what it has to know before it may take ballots again, and then a new epoch.

`urna:healing` stands from the first step to the last. A box that is emptied meanwhile loses it, and gets no epoch.
"""

from collections.abc import Sequence

from redis.client import Pipeline

from . import connection
from .connection import reaching, script
from .keys import EPOCH, key

HEALING = "urna:healing"


def begin(epoch: str) -> None:
    """Note which epoch is to begin; raises Unavailable."""
    with reaching():
        connection.client().set(HEALING, epoch)


def remember(election: int, shard: int, marks: Sequence[str]) -> None:
    """Restore voter keys and marks, in turn, unless the box knows of a later ballot; raises Unavailable."""
    with reaching():
        script("remember")([key(election, shard, "voters")], marks)


def adopt(election: int, shards: int, epoch: str) -> None:
    """Let each shard of an election begin the epoch; raises Unavailable."""
    for shard in range(shards):
        with reaching():
            script("adopt")([key(election, shard, "rules")], [epoch])


def finish(epoch: str) -> None:
    """Let the box take ballots, in the epoch that was begun; raises Unavailable."""
    with reaching():
        connection.client().transaction(lambda pipe: _give_epoch(pipe, epoch), HEALING)


def _give_epoch(pipe: Pipeline, epoch: str) -> None:
    healing = pipe.get(HEALING)
    pipe.multi()
    if healing == epoch.encode():
        pipe.set(EPOCH, epoch)
        pipe.delete(HEALING)
