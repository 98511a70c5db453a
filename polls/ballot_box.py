"""The ballot box: accept a ballot, seal, publish. Each write is one atomic script beside this file.

Keys: `urna:epoch` and `urna:definitions` for the whole box; for each election and shard, under one hash tag,
`rules` (hash: window, design, seal, epoch, last serial), `ballots` (stream), `voters` (hash: voter key -> mark),
`wake` (a drain has been asked for and not begun) and, for a moment, a `newcomers` key for each network.
"""

import enum
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from .ballots import WIRE_VERSION
from .definition import Definition
from .newcomers import allow
from .voters import shard_of

Command = Sequence[str | int]

EPOCH = "urna:epoch"
DEFINITIONS = "urna:definitions"

# Seconds for which a web process goes by the definition that it has read.
REMEMBERED_S = 1.0
_remembered: dict[str, tuple[float, Definition]] = {}

EMPTY = "the ballot box has no epoch: it is empty or being restored"


class Unavailable(Exception):
    """The ballot box cannot be reached, or has no epoch; the same request may succeed a moment later."""


class Verdict(enum.Enum):
    """What `cast.lua` decides on a ballot."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    NOT_OPEN_YET = "not-open-yet"
    CLOSED = "closed"
    OTHER_DESIGN = "other-design"
    ALREADY_VOTED = "already-voted"
    ALREADY_USED = "already-used"
    OUTDATED = "outdated"
    TOO_MANY = "too-many"
    TOO_MANY_NEWCOMERS = "too-many-newcomers"


@dataclass(frozen=True)
class Reply:
    """The answer to a cast ballot: `now` is the box's clock in ms, `last` the voter's last accepted ballot.

    `wait` is the time in ms after which one that was too many can be taken.
    """

    verdict: Verdict
    serial: int
    wake_up_due: bool
    now: int
    last: UUID | None
    wait: int = 0


@dataclass(frozen=True)
class Seal:
    """What sealing found; `closed_at` is in ms by the box's clock, `waiting` the ballots yet to be counted."""

    sealed: bool
    closed_at: int
    waiting: int


class Outcome(enum.Enum):
    """What `publish.lua` decides on a revision of an election."""

    TAKEN = "taken"
    BEGUN = "begun"
    CLOSED = "closed"
    NEWER = "newer"


@dataclass(frozen=True)
class OfferReply:
    """The answer to an offered definition; of one that was not taken, what stands, and its revision."""

    outcome: Outcome
    standing: Definition | None
    revision: int


@dataclass(frozen=True)
class Mark:
    """What the box remembers of a voter: the last accepted ballot and what has become of it."""

    ballot_id: UUID
    state: str


@cache
def client() -> Any:
    """Return this process's client; it repeats a command once on a broken connection, never after a time-out."""
    # Typed as Any: its annotations leave open whether replies are bytes (here they are) or text.
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT,
        socket_connect_timeout=settings.REDIS_TIMEOUT,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


@contextmanager
def reaching() -> Iterator[None]:
    """Turn whatever goes wrong between here and Redis into Unavailable."""
    try:
        yield
    except redis.RedisError as error:
        raise Unavailable("the ballot box cannot be reached") from error


@cache
def script(name: str) -> Script:
    """Return the script `name`.lua; it is loaded into Redis whenever Redis does not know it."""
    return client().register_script((Path(__file__).parent / f"{name}.lua").read_text())


def _ask_alone(commands: Sequence[Command]) -> list[Any]:
    """Ask on a connection of the client's; commands are repeated once on a broken one, never after a time-out.

    The client's own pipeline and script calls take two to three times the processor time.
    """
    pool = client().connection_pool
    for last in (False, True):
        connection = pool.get_connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            return [connection.read_response() for _ in commands]
        except redis.ConnectionError:
            if last:
                raise
        except BaseException:
            # Replies that nobody has read must not be taken for those to the next question.
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
    raise AssertionError("unreachable")


# How whoever runs here gets to the box: a server may have a line that its requests share.
line: ContextVar[Callable[[Sequence[Command]], list[Any]]] = ContextVar("line", default=_ask_alone)


def ask(*commands: Command) -> list[Any]:
    """Send commands in one round trip, and return their replies; raises the client's errors."""
    return line.get()(commands)


def evaluate(name: str, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
    """Run the script `name` in one round trip; raises the client's errors."""
    found = script(name)
    command = ("EVALSHA", found.sha, len(keys), *keys, *arguments)
    try:
        return ask(command)[0]
    except redis.exceptions.NoScriptError:
        return ask(("SCRIPT", "LOAD", str(found.script)), command)[1]


def key(election: int, shard: int, part: str) -> str:
    """Name a key of one shard; the braces keep all keys of a shard in one slot of a Redis Cluster."""
    return f"urna:{{{election}:{shard}}}:{part}"


def write_mark(ballot_id: UUID, marking_hash: str, state: str) -> str:
    """Write a voter's mark as `cast.lua` does, with the limiter at rest."""
    return f"{ballot_id} {marking_hash} {state} 0"


# --- Voting -----------------------------------------------------------------------------------------------


def read_definition(slug: str) -> tuple[Definition | None, int]:
    """Return the definition at `slug` (None if there is none) and the box's clock in ms; raises Unavailable."""
    found, now = _read_box("HGET", DEFINITIONS, slug)
    if found is None:
        return None, now
    definition = Definition.from_json(found)
    _remembered[slug] = (time.monotonic(), definition)
    return definition, now


def recall_definition(slug: str) -> Definition | None:
    """Return the definition as this process has read it within a second, for what the box itself decides again."""
    read_at, definition = _remembered.get(slug, (float("-inf"), None))
    return definition if time.monotonic() - read_at < REMEMBERED_S else None


def read_definitions() -> tuple[list[Definition], int]:
    """Return all definitions that are not archived, and the box's clock in ms; raises Unavailable."""
    found, now = _read_box("HVALS", DEFINITIONS)
    definitions = [Definition.from_json(text) for text in found]
    return [definition for definition in definitions if not definition.archived], now


def _read_box(*command: str) -> tuple[Any, int]:
    with reaching():
        epoch, (seconds, microseconds), found = ask(("GET", EPOCH), ("TIME",), command)
    if epoch is None:
        raise Unavailable(EMPTY)
    return found, int(seconds) * 1000 + int(microseconds) // 1000


def read_mark(definition: Definition, voter: str) -> Mark | None:
    """Return what the box remembers of a voter; raises Unavailable."""
    shard = shard_of(voter, definition.shards)
    with reaching():
        [found] = ask(("HGET", key(definition.election, shard, "voters"), voter))
    if found is None:
        return None
    ballot_id, _, state, _ = found.decode().split(" ")
    return Mark(UUID(ballot_id), state)


def cast(definition: Definition, *, voter: str, ballot_id: UUID, marking: str, design: str, network: str) -> Reply:
    """Put a ballot into the box, in one round trip; raises Unavailable. `network` is where the voter comes from.

    When this returns ACCEPTED or REPEATED the ballot is on the disk of a Redis with `appendfsync always`.
    After Unavailable it may or may not be: sending the same ballot again is safe.
    """
    shard = shard_of(voter, definition.shards)
    newcomers = allow(definition, network)
    parts = ("rules", "ballots", "voters", "wake", newcomers.name)
    keys = [key(definition.election, shard, part) for part in parts]
    arguments: list[str | int] = [
        voter,
        str(ballot_id),
        marking,
        definition.hash_marking(marking),
        design,
        WIRE_VERSION,
        settings.VOTER_BURST,
        settings.VOTER_INTERVAL_MS,
        newcomers.burst,
        newcomers.interval,
    ]
    with reaching():
        outcome, serial, wake, now, last, wait = evaluate("cast", keys, arguments)
    if outcome == b"no-epoch":
        raise Unavailable(EMPTY)
    # Of a ballot that was taken the last one is itself.
    known = ballot_id if serial else UUID(last.decode()) if last else None
    return Reply(Verdict(outcome.decode()), serial, bool(wake), now, known, wait)


# --- Managing ---------------------------------------------------------------------------------------------


def read_epoch() -> str | None:
    """Return the epoch's name, None from an emptied box; raises Unavailable."""
    with reaching():
        [found] = ask(("GET", EPOCH))
    return found.decode() if found else None


def offer(
    definitions: Iterable[Definition], epoch: str, *, mode: Literal["offer", "try", "restore"] = "offer"
) -> list[OfferReply]:
    """Offer revisions of elections to the box, which alone decides whether it takes them; raises Unavailable.

    A box that is new to Redis begins its life in `epoch`. With "try" nothing changes, and with "restore" a box that
    has lost data takes what it would refuse.
    """
    with reaching(), client().pipeline(transaction=False) as pipe:
        for definition in definitions:
            keys = [DEFINITIONS, *(key(definition.election, shard, "rules") for shard in range(definition.shards))]
            arguments: list[str | int] = [
                mode,
                epoch,
                definition.slug,
                definition.revision,
                definition.design,
                definition.opens_at,
                "" if definition.closes_at is None else definition.closes_at,
                int(definition.votes_final),
                int(definition.sealed or definition.archived),
                int(definition.cancelled),
                definition.to_json(),
            ]
            script("publish")(keys, arguments, client=pipe)
        replies = pipe.execute()
    return [
        OfferReply(Outcome(outcome.decode()), Definition.from_json(standing) if standing else None, revision)
        for outcome, standing, revision in replies
    ]


def seal(election: int, shards: int, *, only_if_due: bool = False) -> Seal:
    """Close the box of an election, by the box's clock and for good; raises Unavailable.

    With `only_if_due` a box closes only when its window has run out. Once one shard is sealed, all are.
    """
    replies = [_seal_shard(election, shard, only_if_due=only_if_due) for shard in range(shards)]
    if only_if_due and any(reply.sealed for reply in replies) and not all(reply.sealed for reply in replies):
        replies = [_seal_shard(election, shard, only_if_due=False) for shard in range(shards)]
    return Seal(
        sealed=all(reply.sealed for reply in replies),
        closed_at=max(reply.closed_at for reply in replies),
        waiting=sum(reply.waiting for reply in replies),
    )


def _seal_shard(election: int, shard: int, *, only_if_due: bool) -> Seal:
    keys = [key(election, shard, "rules"), key(election, shard, "ballots")]
    with reaching():
        sealed, closed_at, waiting, _ = script("seal")(keys, ["due" if only_if_due else "now"])
    if sealed < 0:
        raise Unavailable(EMPTY)
    return Seal(bool(sealed), closed_at, waiting)


def count_waiting(boxes: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the ballots that wait in the box, by election, for (election, shards) pairs; raises Unavailable.

    Of a box without an epoch nobody can say that nothing waits: what it held is gone, or on its way back.
    """
    shards = [(election, shard) for election, number in boxes for shard in range(number)]
    waiting: dict[int, int] = {}
    with reaching(), client().pipeline(transaction=False) as pipe:
        pipe.get(EPOCH)
        for election, shard in shards:
            pipe.xlen(key(election, shard, "ballots"))
        epoch, *lengths = pipe.execute()
    if epoch is None:
        raise Unavailable(EMPTY)
    for (election, _), length in zip(shards, lengths, strict=True):
        waiting[election] = waiting.get(election, 0) + length
    return waiting
