"""Copy what only the ballot box has, while people vote: the ballots that wait, and the newest heads of the records.

All else in Redis is restored from PostgreSQL by healing. An old copy of the whole would be worse than none: its marks
and serials are of another moment than the database.

The order is the guarantee. A ballot leaves the box once its record is committed. So ballots that wait are read *first*,
and the database is saved up to a *later* moment. What has left the box before the look is then in the database that was
saved, and what had not left it is in the copy. A ballot that is in both counts once, by its ballot id.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis

from polls import ballot_box
from polls.ballot_box import Unavailable
from record.served_heads import HEADS

# Entries that are read at once.
READ_AT_ONCE = 10_000
# Seconds after which the list of elections is read again.
LIST_EVERY_S = 2.0
# The characters of this encoding are the bytes, so that JSON can hold whatever stands in an entry.
BYTES = "latin-1"

Position = tuple[int, int]


class Waiting(NamedTuple):
    """One ballot that was seen in the box: the key of its stream, its id there, and its fields as found."""

    key: str
    id: str
    fields: dict[str, str]


class Look(NamedTuple):
    """What a look at the box found: ballots not seen before, and by stream the first one that waits (None: nothing)."""

    new: list[Waiting]
    first: dict[str, Position | None]


def position(entry_id: str) -> Position:
    """Return a stream's id as numbers, which are in order."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


class BoxCopy:
    """Looks at the box again and again, and tells what is new."""

    def __init__(self) -> None:
        self._epoch: str | None = None
        self._seen: dict[str, str] = {}
        self._keys: list[str] = []
        self._listed_at = float("-inf")

    def look(self, now: float) -> Look:
        """Read what has come since the last look; `now` is in seconds. Raises Unavailable, with nothing forgotten."""
        epoch = ballot_box.read_epoch()
        if epoch is None:
            raise Unavailable(ballot_box.EMPTY)
        if epoch != self._epoch:
            # Another life of the box, in which ids may begin again.
            self._epoch, self._seen, self._listed_at = epoch, {}, float("-inf")
        if now - self._listed_at >= LIST_EVERY_S:
            definitions, _ = ballot_box.read_definitions()
            self._keys = [
                ballot_box.key(one.election, shard, "ballots") for one in definitions for shard in range(one.shards)
            ]
            self._listed_at = now
        new: list[Waiting] = []
        first: dict[str, Position | None] = {}
        seen = dict(self._seen)
        try:
            for key in self._keys:
                self._read(key, new, first, seen)
        except redis.RedisError as error:
            raise Unavailable("the ballot box cannot be reached") from error
        self._seen = seen
        return Look(new, first)

    def _read(self, key: str, new: list[Waiting], first: dict[str, Position | None], seen: dict[str, str]) -> None:
        client = ballot_box.connection.client()
        oldest = client.xrange(key, count=1)
        first[key] = position(oldest[0][0].decode()) if oldest else None
        while oldest:
            found = client.xrange(key, min=f"({seen[key]}" if key in seen else "-", count=READ_AT_ONCE)
            for entry, fields in found:
                seen[key] = entry.decode()
                new.append(
                    Waiting(key, seen[key], {name.decode(BYTES): value.decode(BYTES) for name, value in fields.items()})
                )
            if len(found) < READ_AT_ONCE:
                break


def read_heads() -> dict[str, str]:
    """Return the newest heads of the records that Redis knows; raises Unavailable."""
    with ballot_box.connection.reaching():
        found: dict[bytes, bytes] = ballot_box.connection.client().hgetall(HEADS)
    return {name.decode(BYTES): head.decode(BYTES) for name, head in found.items()}


def write_waiting(waiting: Iterable[Waiting]) -> bytes:
    """Write ballots as a file has them, a line each."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in waiting)


def read_waiting(data: bytes) -> list[Waiting]:
    """Read them back."""
    return [Waiting(*json.loads(line)) for line in data.splitlines()]


def write_append_only_file(waiting: Sequence[Waiting], heads: dict[str, str]) -> dict[str, bytes]:
    """Return files from which a new Redis or Valkey starts with these ballots and heads, by their names.

    The box has no epoch then: it takes no ballot until it was healed, and the ballots are counted as they are.
    """
    by_place = {(one.key, position(one.id)): one for one in waiting}
    commands: list[Sequence[str]] = [("SELECT", "0")]
    for _, one in sorted(by_place.items()):
        commands.append(("XADD", one.key, one.id, *(part for pair in one.fields.items() for part in pair)))
    if heads:
        commands.append(("HSET", HEADS, *(part for pair in heads.items() for part in pair)))
    return {
        "appendonly.aof.manifest": b"file appendonly.aof.1.incr.aof seq 1 type i\n",
        "appendonly.aof.1.incr.aof": b"".join(map(_write_command, commands)),
    }


def _write_command(words: Sequence[str]) -> bytes:
    parts: list[Any] = [word.encode(BYTES) for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
