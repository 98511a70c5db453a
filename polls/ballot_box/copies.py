"""What tells a reader of a copy of the database how old that is, and what left the box that the copy does not have yet.

Redis's clock is the one clock that all of Urna shares, so that nobody compares the clocks of two database servers.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .cluster import Command
from .connection import EMPTY, Unavailable, ask, reaching
from .keys import EPOCH, HEARTBEAT, key

# The one member of each sorted set `counted`, which is one for the sake of a command that never lowers a number.
VERSION = "version"


@dataclass(frozen=True)
class Levels:
    """The boxes of some elections at one moment.

    `waiting` has the ballots that wait, and `counted` the version of the count that has all ballots which have left the
    box, both by election and summed over its shards. Neither has anything where `known` is false: Redis did not answer.
    """

    known: bool = True
    heartbeat: int = 0
    waiting: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)


UNKNOWN = Levels(known=False)


class BoxClock:
    """Redis's clock, which goes on by the clock of this process while Redis does not answer."""

    def __init__(self) -> None:
        # One value, which is replaced as a whole: many threads hear and ask.
        self._heard: tuple[int, float] | None = None

    def hear(self, now: int) -> None:
        """Take the time that Redis has just told, in ms."""
        self._heard = (now, time.monotonic())

    def now(self) -> float | None:
        """Return the time now in ms; None where Redis never answered this process."""
        heard = self._heard
        return heard and heard[0] + (time.monotonic() - heard[1]) * 1000


clock = BoxClock()


def read_levels(boxes: Iterable[tuple[int, int]]) -> Levels:
    """Return the levels of the boxes of (election, shards) pairs, in one round trip; raises Unavailable.

    It is raised for a box without an epoch as well: its ballots are lost or being restored, not counted.
    """
    shards = [(election, shard) for election, number in boxes for shard in range(number)]
    commands: list[Command] = [("GET", EPOCH), ("GET", HEARTBEAT), ("TIME",)]
    for election, shard in shards:
        commands.append(("XLEN", key(election, shard, "ballots")))
        commands.append(("ZSCORE", key(election, shard, "counted"), VERSION))
    with reaching():
        epoch, heartbeat, now, *found = ask(*commands)
    clock.hear(_milliseconds(now))
    if epoch is None:
        raise Unavailable(EMPTY)
    levels = Levels(heartbeat=int(heartbeat or 0))
    for (election, _), length, version in zip(shards, found[::2], found[1::2], strict=True):
        levels.waiting[election] = levels.waiting.get(election, 0) + length
        levels.counted[election] = levels.counted.get(election, 0) + int(float(version or 0))
    return levels


def counted_note(election: int, shard: int, version: int) -> Command:
    """Return what notes the version of the count of a shard, before what it has counted leaves the box."""
    return ("ZADD", key(election, shard, "counted"), "GT", version, VERSION)


def read_time() -> int:
    """Return Redis's clock in ms, also while the box has no epoch; raises Unavailable."""
    with reaching():
        return _milliseconds(ask(("TIME",))[0])


def note_heartbeat(at: int) -> None:
    """Note that the database has committed the heartbeat that began `at`; raises Unavailable."""
    with reaching():
        ask(("SET", HEARTBEAT, at))


def _milliseconds(moment: Sequence[bytes]) -> int:
    seconds, microseconds = map(int, moment)
    return seconds * 1000 + microseconds // 1000
