"""Read what the box holds: epoch, definitions, marks of voters, and how many ballots wait."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from redis.exceptions import ResponseError

from ..definition import Definition
from ..voters import Voter
from . import connection
from .cluster import Command
from .confirming import Unconfirmed
from .connection import EMPTY, Unavailable, ask, reaching
from .keys import DEFINITIONS, EPOCH, key

# The state of a mark whose ballot waits in the box.
ACCEPTED = "accepted"
# Seconds for which a web process uses a definition that it has read.
REMEMBERED_S = 1.0
_remembered: dict[str, tuple[float, Definition]] = {}
# The same for the addresses of elections by their short codes, of all elections together.
_addresses: tuple[float, dict[str, str]] = (float("-inf"), {})


@dataclass(frozen=True)
class Mark:
    """What the box remembers of a voter: the last accepted ballot, and what has become of it.

    `receipt` finds it in the public record, "" while it is not there. The last release does not write it. `opening`
    opens its entry, where voters can check what that says.
    """

    ballot_id: UUID
    state: str
    receipt: str = ""
    opening: str = ""


def write_mark(ballot_id: UUID | str, marking_hash: str, state: str) -> str:
    """Write a voter's mark as `cast.lua` does, with the limiter at rest."""
    return f"{ballot_id} {marking_hash} {state} 0"


def read_definition(slug: str) -> tuple[Definition | None, int]:
    """Return the definition at `slug` (None if there is none) and the box's clock in ms; raises Unavailable."""
    definition, now, _found = _read_definition(slug, _remembered.get(slug))
    return definition, now


def read_for_voter(
    slug: str, identify: Callable[[Definition], Voter | None]
) -> tuple[Definition | None, int, Voter | None, Mark | None]:
    """Read a definition, the box's clock in ms, whom `identify` finds, and that voter's mark; raises Unavailable.

    It takes one round trip if this process knows the election, and who that is in it.
    """
    known = _remembered.get(slug)
    expected = identify(known[1]) if known else None
    asked = [_mark_of(known[1], expected)] if known and expected else []
    definition, now, marks = _read_definition(slug, known, *asked)
    if definition is None:
        return None, now, None, None
    voter = expected if known and definition is known[1] else identify(definition)
    if voter is None:
        return definition, now, None, None
    if voter != expected:
        return definition, now, voter, read_mark(definition, voter)
    return definition, now, voter, _confirm(_read_mark(marks[0]), definition, voter)


def _read_definition(
    slug: str, known: tuple[float, Definition] | None, *more: Command
) -> tuple[Definition | None, int, list[Any]]:
    """Return a definition, the box's clock in ms, and the replies to `more`."""
    seal = [_seal_of(known[1])] if known else []
    (found, *replies), now = _read_box(("HGET", DEFINITIONS, slug), *seal, *more)
    if found is None:
        return None, now, []
    definition = Definition.from_json(found)
    seals = replies[: len(seal)]
    if known is None or known[1].election != definition.election:
        seals, now = _read_box(_seal_of(definition))
    definition = _with_seal(definition, *seals[0])
    _remembered[slug] = (time.monotonic(), definition)
    return definition, now, replies[len(seal) :]


def read_clock() -> int:
    """Return the box's clock in ms; raises Unavailable."""
    return _read_box()[1]


def _seal_of(definition: Definition) -> Command:
    """Return the command that asks for the seal of a box. Of all shards the first one is sealed first."""
    return ("HMGET", key(definition.election, 0, "rules"), "sealed", "closes")


def _with_seal(definition: Definition, sealed: bytes | None, closes: bytes | None) -> Definition:
    """Return a definition with the seal of its box, of which a worker may not have told it yet."""
    if sealed != b"1" or closes is None or definition.sealed:
        return definition
    return replace(definition, sealed=True, closes_at=int(closes))


def recall_definition(slug: str) -> Definition | None:
    """Return the definition if this process read it within the last second; the box checks again what depends on it."""
    read_at, definition = _remembered.get(slug, (float("-inf"), None))
    return definition if time.monotonic() - read_at < REMEMBERED_S else None


def read_definitions() -> tuple[list[Definition], int]:
    """Return all definitions that are not archived, and the box's clock in ms; raises Unavailable."""
    [found], now = _read_box(("HVALS", DEFINITIONS))
    definitions = [Definition.from_json(text) for text in found]
    return [definition for definition in definitions if not definition.archived], now


def find_slug(short_code: str) -> str | None:
    """Return the address of the election with this short code, as of the last second; raises Unavailable.

    A hall of people asks at once, and so does somebody who tries codes: neither makes Redis send everything each time.
    """
    global _addresses
    read_at, known = _addresses
    if time.monotonic() - read_at >= REMEMBERED_S:
        [found], _ = _read_box(("HVALS", DEFINITIONS))
        definitions = map(orjson.loads, found)
        known = {code: one["slug"] for one in definitions if (code := one.get("short_code"))}
        _addresses = (time.monotonic(), known)
    return known.get(short_code)


def _read_box(*commands: Command) -> tuple[list[Any], int]:
    with reaching():
        epoch, (seconds, microseconds), *found = ask(("GET", EPOCH), ("TIME",), *commands)
    if epoch is None:
        raise Unavailable(EMPTY)
    return found, int(seconds) * 1000 + int(microseconds) // 1000


def read_mark(definition: Definition, voter: Voter) -> Mark | None:
    """Return what the box remembers of a voter; raises Unavailable, also of a box that has lost what it held.

    It is raised as well while replicas do not confirm that the voter's ballot is accepted.
    """
    [found], _now = _read_box(_mark_of(definition, voter))
    return _confirm(_read_mark(found), definition, voter)


def _confirm(mark: Mark | None, definition: Definition, voter: Voter) -> Mark | None:
    """Return a mark of which a page may tell: what is counted is safe, what is accepted may be on the primary alone."""
    if mark is None or mark.state != ACCEPTED or not settings.BALLOT_BOX_COPIES:
        return mark
    # Read once more by the same question, since another server may have been promoted in between.
    with reaching():
        [found] = ask(_mark_of(definition, voter), confirmed=True)
    return _read_mark(found)


def _mark_of(definition: Definition, voter: Voter) -> Command:
    return "HGET", key(definition.election, voter.shard, "voters"), voter.key


def _read_mark(found: bytes | None) -> Mark | None:
    if found is None:
        return None
    ballot_id, _, state, _ = found.decode().split(" ")
    return Mark(UUID(ballot_id), *state.split("@"))


def is_confirmed() -> bool:
    """Tell whether replicas confirm what is written at this moment, if settings want that; raises Unavailable."""
    if not settings.BALLOT_BOX_COPIES:
        return True
    with reaching():
        try:
            ask(confirmed=True)
        except (Unconfirmed, ResponseError):
            # The second is of a primary that knows that it has no replica.
            return False
    return True


def read_epoch() -> str | None:
    """Return the epoch's name, None if the box was emptied; raises Unavailable."""
    with reaching():
        [found] = ask(("GET", EPOCH))
    return found.decode() if found else None


def count_waiting(boxes: Iterable[tuple[int, int]], *, confirmed: bool = False) -> dict[int, int]:
    """Return the number of ballots that wait, by election, for (election, shards) pairs; raises Unavailable.

    It is raised for a box without an epoch as well: its ballots are lost or being restored, not counted.
    """
    shards = [(election, shard) for election, number in boxes for shard in range(number)]
    waiting: dict[int, int] = {}
    lengths_of = [("XLEN", key(election, shard, "ballots")) for election, shard in shards]
    with reaching():
        epoch, *lengths = ask(("GET", EPOCH), *lengths_of, confirmed=confirmed)
    if epoch is None:
        raise Unavailable(EMPTY)
    for (election, _), length in zip(shards, lengths, strict=True):
        waiting[election] = waiting.get(election, 0) + length
    return waiting


def read_rules(shards: Iterable[tuple[int, int]], *names: str, confirmed: bool = False) -> list[list[bytes | None]]:
    """Return these fields of the rules of each (election, shard), None for a missing one; raises Unavailable.

    For `confirmed` see `ask`: a primary that was cut off, and replaced, can tell nothing then.
    """
    with reaching():
        return ask(
            *[("HMGET", key(election, shard, "rules"), *names) for election, shard in shards], confirmed=confirmed
        )


def read_memory() -> tuple[int, int]:
    """Return the bytes of memory that Redis uses, and that it may use (0 for no limit); raises Unavailable.

    Of several masters they are those of the fullest one.
    """
    with reaching():
        found = [server.info("memory") for server in connection.each_server()]
    memory = [(int(one["used_memory"]), int(one.get("maxmemory", 0))) for one in found]
    return max(memory, key=lambda one: (one[0] / (one[1] or float("inf")), one[0]))
