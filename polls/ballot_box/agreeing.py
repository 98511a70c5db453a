"""Have all shards of an election take a revision or none of them, where several masters of a cluster have them.

No script can decide for several masters, each of which has a clock of its own, so that this is done in two steps.
First each shard says what an offer would bring, and holds: it accepts no ballot. If all agree, the revision is noted
as agreed upon, and written to all shards and then to the definitions. If one refuses, all go on as they were. Whoever
dies in between leaves shards that hold; the next offer of this election first writes what was agreed upon, if anything
was.

Only one process may be at it: delivery.py sees to that.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from ..definition import Definition
from .connection import ask, evaluate
from .keys import AGREED, DEFINITIONS, key, write_design

PART = "part"

# Makes the arguments of `publish.lua` for a mode and a definition.
Write = Callable[[str, Definition], list[str | int]]
# Outcome, JSON of what the box keeps instead, and its revision.
Answer = tuple[bytes, bytes | None, int]


def offer(definition: Definition, write: Write, mode: str, is_in_force: bool) -> Answer:
    """Offer a definition to all its shards; raises the client's errors. The box has taken one that `is_in_force`."""
    taken = b"taken", None, definition.revision
    if mode == "try":
        outcome, _, revision = _first_refusal(_call(definition, write("try", definition))) or taken
        return outcome, None, revision
    agreed, defined, *rules = ask(
        ("HGET", AGREED, definition.election),
        ("HGET", DEFINITIONS, definition.slug),
        *(("HMGET", _rules(definition, shard), "revision", "design", "epoch") for shard in range(definition.shards)),
    )
    if agreed:
        found = orjson.loads(agreed)
        _write_everywhere(Definition.from_json(found["definition"]), write, found["before"])
        return offer(definition, write, mode, is_in_force)
    if mode == "restore":
        _write_everywhere(definition, write)
        return taken
    if is_in_force and any(revision is None for revision, *_ in rules):
        return b"lost", None, definition.revision
    written = [str(definition.revision).encode(), write_design(definition).encode()]
    if all(known == written and epoch for *known, epoch in rules) and _revision(defined) >= definition.revision:
        return taken
    replies = _call(definition, write("hold", definition))
    if refusal := _first_refusal(replies):
        _call(definition, write("release", definition))
        outcome, slug, revision = refusal
        return outcome, ask(("HGET", DEFINITIONS, slug.decode()))[0], revision
    before = list({slug.decode() for _, slug, _ in replies if slug} - {definition.slug})
    # From here on there is no way back.
    text = orjson.dumps({"definition": definition.to_json(), "before": before}).decode()
    ask(("HSET", AGREED, definition.election, text))
    _write_everywhere(definition, write, before)
    return taken


def _write_everywhere(definition: Definition, write: Write, before: Sequence[str] = ()) -> None:
    """Have all shards take a definition, whatever they think of it, and then the box, where it was at `before`."""
    _call(definition, write("restore", definition))
    [defined] = ask(("HGET", DEFINITIONS, definition.slug))
    if _revision(defined) < definition.revision:
        ask(("HSET", DEFINITIONS, definition.slug, definition.to_json()))
    if before:
        ask(("HDEL", DEFINITIONS, *before))
    ask(("HDEL", AGREED, definition.election))


def _call(definition: Definition, arguments: list[str | int]) -> list[Any]:
    return [evaluate("publish", [_rules(definition, shard)], [*arguments, PART]) for shard in range(definition.shards)]


def _first_refusal(replies: Sequence[Any]) -> Any:
    return next((reply for reply in replies if reply[0] != b"taken"), None)


def _rules(definition: Definition, shard: int) -> str:
    return key(definition.election, shard, "rules")


def _revision(defined: bytes | None) -> int:
    return orjson.loads(defined)["revision"] if defined else -1
