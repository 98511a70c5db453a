"""Have replicas confirm what was written: it is on the disks of the primary, and of all replicas in sync with it.

Those are as many as settings say, or more (in_sync.py): each replica that could be promoted has to have it.

`WAIT` asks about the last write of its own connection. Whoever finds a ballot that is there already has written
nothing, so that a mark is written first, whose place in the stream of writes is behind everything that was seen.

`WAIT` has the replicas answer at once, and one with `appendfsync always` answers when it has synced its disk. `WAITAOF`
alone would wait for a report that a replica sends once a second; behind a `WAIT` it has an answer at once, and also
waits for the disk of a replica that was set up in another way.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from django.conf import settings

from .cluster import Command
from .keys import CONFIRMED, IN_SYNC

# Of the time for one answer of Redis, how much either of the two may wait.
_SHARE = 0.4
# The fields of `IN_SYNC`: how many have to confirm, and the number of the fail-over that chose the primary.
NUMBER, FAIL_OVER = "number", "fail_over"
# How many replicas have to confirm, by what Redis told this process last, and the most that it ever told; 0 if nothing.
_wanted = _most = 0
# The number of the fail-over that chose the primary which is doubted; None if none is.
_doubted: int | None = None


class Unconfirmed(redis.RedisError):
    """What was written may be on the primary alone, and so is lost if that is; the same may succeed a moment later."""


class Closing(NamedTuple):
    """The commands that end a batch, with the number of replicas that are asked to have it."""

    asked: int
    commands: tuple[Command, ...]

    def is_met(self, replies: Sequence[Any]) -> bool:
        """Tell whether all was confirmed, by their replies; False if more replicas are in sync than were asked.

        Raises Unconfirmed if one of those that were asked did not confirm it. Keeps the number for the next batch.
        """
        global _wanted
        written, in_memory, on_disk, *told = replies
        # An error stands in the place of a number where the account may not read it: as before the number was there.
        _wanted = _judge(*map(read_number, told)) if told else 0
        wanted = max(settings.BALLOT_BOX_COPIES, _wanted)
        least = min(wanted, self.asked)
        has_confirmed = (
            written == b"OK"
            and isinstance(in_memory, int)
            and in_memory >= least
            and isinstance(on_disk, list)
            and on_disk[0] >= 1
            and on_disk[1] >= least
        )
        if not has_confirmed:
            raise Unconfirmed(f"not on the disks of {least} replicas: {replies}")
        return min(in_memory, on_disk[1]) >= wanted


def doubt(fail_over: int) -> None:
    """Let all replicas that there ever were confirm, until another primary is chosen than by this fail-over.

    The primary has not answered for a moment, and another may be chosen. It may have forgotten meanwhile how many
    replicas it had.
    """
    global _doubted
    _doubted = fail_over


def trust() -> None:
    """Let as many replicas confirm again as the primary says."""
    global _doubted
    _doubted = None


def _judge(number: int, fail_over: int) -> int:
    """Return how many replicas have to confirm, by what the primary says."""
    global _most
    _most = max(_most, number)
    return number if _doubted is None or fail_over > _doubted else _most


def read_number(told: Any) -> int:
    """Return a number that stands in Redis; 0 if none does, or something else."""
    return int(told) if isinstance(told, bytes) and told.isdigit() else 0


def patience_ms() -> int:
    """Return for how long replicas may take to confirm, in ms."""
    return int(settings.REDIS_TIMEOUT * 1000 * _SHARE)


def closing() -> Closing:
    """Return what ends a batch that has to be confirmed."""
    asked, patience = max(settings.BALLOT_BOX_COPIES, _wanted), patience_ms()
    # The numbers come last: they may have changed while replicas were waited for. Without Sentinels nobody keeps them.
    numbers = [("HGET", IN_SYNC, name) for name in (NUMBER, FAIL_OVER)] if settings.REDIS_SENTINELS else []
    return Closing(asked, (("SET", CONFIRMED, 1), ("WAIT", asked, patience), ("WAITAOF", 1, asked, patience), *numbers))
