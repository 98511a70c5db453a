"""Take accepted ballots out of the ballot box: read, and delete what is counted."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from redis.exceptions import NoPermissionError

from . import copies
from .connection import Unavailable, ask, evaluate, reaching
from .keys import key, read_design
from .reading import count_waiting

LAST_DRAIN = "urna:last_good_drain"

Fields = dict[bytes, bytes]

# As many as settle.lua takes: Lua hands some thousands of arguments to a command, and two for each entry are needed.
SETTLE_CHUNK = 1000


class Entry(NamedTuple):
    """One entry of the stream: its id there, and as found its fields: a name, its value, the next name."""

    id: str
    parts: Sequence[bytes]

    @property
    def fields(self) -> Fields:
        """The fields by their names; of two with one name the last one."""
        return dict(zip(self.parts[::2], self.parts[1::2], strict=True))


class Settlement(NamedTuple):
    """What became of an entry; without `voter_key` there is no mark to update.

    `receipt` finds the ballot in the public record, as `tally.recorder.Recorder.write` returns it; "" if it is not
    there.
    """

    entry: str
    state: str
    voter_key: str = ""
    ballot_id: str = ""
    receipt: str = ""


def read(election: int, shard: int, *, after: str | None, limit: int) -> list[Entry]:
    """Return up to `limit` entries behind the entry `after`, in order of acceptance; raises Unavailable.

    Replicas have all of them: if one that has not was promoted, PostgreSQL would have counted what the box never had,
    and the box would give its place to another ballot.
    """
    with reaching():
        first = f"({after}" if after else "-"
        [found] = ask(("XRANGE", key(election, shard, "ballots"), first, "+", "COUNT", limit), confirmed=True)
    return [Entry(entry_id.decode(), parts) for entry_id, parts in found]


def clear_wake_up(election: int, shard: int) -> str:
    """Let the next accepted ballot ask for another drain; raises Unavailable.

    Returns the design on which the box accepts ballots, "" if the box has none. Waiting ballots were cast on it.
    """
    with reaching():
        _, design = ask(("DEL", key(election, shard, "wake")), ("HGET", key(election, shard, "rules"), "design"))
    return read_design(design)


def settle(election: int, shard: int, settlements: Iterable[Settlement], *, version: int) -> None:
    """Delete entries, and write what became of them into their voters' marks, in chunks; raises Unavailable.

    The box first notes the `version` of the shard's count that has them all, in the same round trip: a disk that is
    written to each time would let people wait twice for their ballot on the screen.
    """
    note = [copies.counted_note(election, shard, version)]
    keys = [key(election, shard, "ballots"), key(election, shard, "voters")]
    for chunk in _chunks(list(settlements)):
        arguments = [part for one in chunk for part in (one.entry, one.voter_key, one.ballot_id, write_state(one))]
        try:
            with reaching():
                evaluate("settle", keys, arguments, before=note)
        except Unavailable as error:
            # Redis has the rights of the release before. Without the note copies are less exact, and counting goes on.
            if not (note and isinstance(error.__cause__, NoPermissionError)):
                raise
            with reaching():
                evaluate("settle", keys, arguments)
        note = []


def write_state(settled: Settlement) -> str:
    """Write into one word of a mark what `reading.Mark` has as state and receipt."""
    return f"{settled.state}@{settled.receipt}" if settled.receipt else settled.state


def _chunks(settlements: list[Settlement]) -> Iterator[list[Settlement]]:
    for start in range(0, len(settlements), SETTLE_CHUNK):
        yield settlements[start : start + SETTLE_CHUNK]


def is_empty(election: int, shards: int) -> bool:
    """Tell whether no ballot waits in any shard; raises Unavailable, also if replicas do not confirm it.

    A server that was replaced, and does not know of it, may have fewer ballots than the one that takes them.
    """
    return count_waiting([(election, shards)], confirmed=True)[election] == 0


def note_good_drain() -> None:
    """Note the time, by the box's clock, at which all waiting ballots could be counted; raises Unavailable."""
    with reaching():
        _, (now, _) = ask(("GET", LAST_DRAIN), ("TIME",))
        ask(("SET", LAST_DRAIN, int(now)))


def seconds_since_good_drain() -> int | None:
    """Return the age of the last good drain, None if there was none in this life of Redis; raises Unavailable."""
    with reaching():
        noted, (now, _) = ask(("GET", LAST_DRAIN), ("TIME",))
    return int(now) - int(noted) if noted else None
