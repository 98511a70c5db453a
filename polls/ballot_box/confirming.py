"""Have replicas confirm what was written: it is on the disks of the primary, and of as many replicas as settings say.

`WAIT` asks about the last write of its own connection. Whoever finds a ballot that is there already has written
nothing, so that a mark is written first, whose place in the stream of writes is behind everything that was seen.

`WAIT` has the replicas answer at once, and one with `appendfsync always` answers when it has synced its disk. `WAITAOF`
alone would wait for a report that a replica sends once a second; behind a `WAIT` it has an answer at once, and also
waits for the disk of a replica that was set up in another way.
"""

from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings

from .cluster import Command
from .keys import CONFIRMED

# Of the time for one answer of Redis, how much either of the two may wait.
_SHARE = 0.4


class Unconfirmed(redis.RedisError):
    """What was written may be on the primary alone, and so is lost if that is; the same may succeed a moment later."""


def closing() -> tuple[Command, ...]:
    """Return the commands that end a batch which has to be confirmed."""
    copies, patience = settings.BALLOT_BOX_COPIES, int(settings.REDIS_TIMEOUT * 1000 * _SHARE)
    return ("SET", CONFIRMED, 1), ("WAIT", copies, patience), ("WAITAOF", 1, copies, patience)


def check(replies: Sequence[Any]) -> None:
    """Raise Unconfirmed unless these replies to `closing` say that everything is where it has to be."""
    written, in_memory, on_disk = replies
    copies = settings.BALLOT_BOX_COPIES
    # An error stands in the place of a number, as on a server that has just become a replica itself.
    is_met = (
        written == b"OK"
        and isinstance(in_memory, int)
        and in_memory >= copies
        and isinstance(on_disk, list)
        and on_disk[0] >= 1
        and on_disk[1] >= copies
    )
    if not is_met:
        raise Unconfirmed(f"not on the disks of {copies} replicas: {replies}")
