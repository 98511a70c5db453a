"""See at a glance how the boxes stand: one round trip, whatever number of ballots is in them."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import connection
from .connection import reaching, script
from .keys import key


@dataclass(frozen=True)
class Look:
    """The box of one shard at one moment: `last` is the last serial given, `oldest_ms` how long the first ballot waits.

    `first_waiting` and `last_waiting` are (epoch, serial), None where nothing waits or what waits names no place.
    """

    epoch: str
    last: int
    waiting: int
    first_waiting: tuple[str, int] | None
    last_waiting: tuple[str, int] | None
    oldest_ms: int

    def is_complete(self, epoch: str, counted: int) -> bool:
        """Tell whether all ballots behind the serial `counted` are seen to wait; one of `epoch`, read after the look.

        False is a suspicion only: a box that is being emptied, or holds what is no ballot, may look like this.
        """
        done = counted if epoch == self.epoch else 0
        if done >= self.last:
            return True
        if self.first_waiting is None or self.last_waiting != (self.epoch, self.last):
            return False
        first_epoch, first = self.first_waiting
        return first_epoch == self.epoch and first <= done + 1 and self.waiting == self.last - first + 1


def look_at(shards: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Look]:
    """Look at the boxes of these (election, shard); raises Unavailable."""
    shards = list(shards)
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for election, shard in shards:
            keys = [key(election, shard, part) for part in ("rules", "ballots")]
            script("look")(keys, client=pipe)
        replies = pipe.execute()
    return {one: _read(reply) for one, reply in zip(shards, replies, strict=True)}


def _read(reply: list[bytes]) -> Look:
    epoch, last, waiting, first_epoch, first, first_at, last_epoch, last_serial, now = map(_text, reply)
    return Look(
        epoch=epoch,
        last=int(last),
        waiting=int(waiting),
        first_waiting=(first_epoch, int(first)) if first.isdecimal() else None,
        last_waiting=(last_epoch, int(last_serial)) if last_serial.isdecimal() else None,
        oldest_ms=max(0, int(now) - int(first_at)) if first_at.isdecimal() else 0,
    )


def _text(value: bytes) -> str:
    # Anything may stand in a stream that others can write to.
    return value.decode("ascii", errors="replace")
