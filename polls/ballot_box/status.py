"""Read the state of the boxes in one round trip, however many ballots they hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from .connection import evaluate_all, reaching
from .keys import key


@dataclass(frozen=True)
class Look:
    """The box of one shard at one moment: `last` is the last serial given, `oldest_ms` how long the first ballot waits.

    `first_waiting` and `last_waiting` are (epoch, serial), None if nothing waits or the entry there has no serial.
    """

    epoch: str
    last: int
    waiting: int
    first_waiting: tuple[str, int] | None
    last_waiting: tuple[str, int] | None
    oldest_ms: int

    def is_complete(self, epoch: str, counted: int) -> bool:
        """Tell whether all ballots after the serial `counted` of `epoch`, which was read after the look, wait.

        False is only a suspicion: a box from which a batch is being deleted, or that holds an entry that is no
        ballot, looks the same.
        """
        done = counted if epoch == self.epoch else 0
        if done >= self.last:
            return True
        if self.first_waiting is None or self.last_waiting != (self.epoch, self.last):
            return False
        first_epoch, first = self.first_waiting
        return first_epoch == self.epoch and first <= done + 1 and self.waiting == self.last - first + 1


def look_at(shards: Iterable[tuple[int, int]], *, confirmed: bool = False) -> dict[tuple[int, int], Look]:
    """Look at the boxes of these (election, shard); raises Unavailable. For `confirmed` see `connection.ask`."""
    shards = list(shards)
    calls = (([key(*shard, part) for part in ("rules", "ballots")], ()) for shard in shards)
    with reaching():
        replies = evaluate_all("look", calls, confirmed=confirmed)
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
    # A stream may hold anything: other programs can write to it.
    return value.decode("ascii", errors="replace")
