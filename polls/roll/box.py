"""The roll in the ballot box: written in chunks, and after that line by line as it changes.

Each act on a roll has a revision, and each entry that of the act which changed it last. The box knows up to which
revision it has all entries, so that a worker writes those that have changed since. While a roll is written from
nothing the box has no revision of it, and `cast.lua` and the page that asks for a code say that there is no roll yet.
"""

import logging
import secrets
from collections.abc import Iterator, Sequence

from ..ballot_box import connection, read_rules
from ..ballot_box.connection import evaluate, reaching
from ..ballot_box.keys import key
from ..definition import Definition
from ..models import Roll, RollEntry
from ..voters import roll_voter, shard_of
from .groups import write_groups

logger = logging.getLogger(__name__)

# Lines that one call of the script writes: three arguments each, below Lua's limit of about 8,000.
CHUNK = 2000
# What the lines of an entry are made of.
LINE_FIELDS = ("number", "issue", "weight", "groups", "code_hash", "struck_at")

Line = tuple[str, str, str]


def is_current(election: int, shards: int, revision: int) -> bool:
    """Tell whether the box has a roll up to this revision, with as many lines as were written; raises Unavailable."""
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for shard in range(shards):
            pipe.hmget(key(election, shard, "rules"), ("roll_revision", "roll_size"))
            pipe.hlen(key(election, shard, "roll"))
            pipe.hlen(key(election, shard, "codes"))
        found = pipe.execute()
    return all(
        known == [str(revision).encode(), f"{voters} {codes}".encode()]
        for known, voters, codes in zip(found[::3], found[1::3], found[2::3], strict=True)
    )


def has_revision(election: int, shards: int, revision: int) -> bool:
    """Tell whether the box has a roll up to this revision, or a later one; raises Unavailable.

    Replicas have to confirm it: people are told that a code is void, and the next primary must know that as well.
    """
    found = read_rules([(election, shard) for shard in range(shards)], "roll_revision", confirmed=True)
    return all(known is not None and int(known) >= revision for [known] in found)


def fill(definition: Definition, roll: Roll) -> bool:
    """Write what the box does not have yet of a roll; False if another writer has taken over; raises Unavailable.

    `definition` has its voter secret. The revision of `roll` was read before its entries are, so that an entry which
    changes meanwhile is written once more.
    """
    writer = secrets.token_hex(8)
    known = [_call(definition, shard, "begin", writer, roll.since, roll.revision) for shard in range(definition.shards)]
    changed = RollEntry.objects.filter(election=definition.election)
    if min(known) >= 0:
        changed = changed.filter(revision__gt=min(known))
    waiting: dict[int, list[str]] = {shard: [] for shard in range(definition.shards)}
    rows = changed.order_by().values_list(*LINE_FIELDS, "revision")
    for number, row in enumerate(rows.iterator(CHUNK), start=1):
        for shard, line in lines_of(definition, row[:-1]):
            if row[-1] > known[shard]:
                waiting[shard].extend(line)
                if len(waiting[shard]) >= 3 * CHUNK and not _write(definition, shard, writer, waiting[shard]):
                    return False
        if number % 100_000 == 0:
            logger.info("%s: %s entries of its roll are in the ballot box", definition.slug, number)
    for shard, arguments in waiting.items():
        if arguments and not _write(definition, shard, writer, arguments):
            return False
    return all(_call(definition, shard, "finish", writer, roll.revision) for shard in range(definition.shards))


def forget(definition: Definition) -> None:
    """Let the roll be written anew, from nothing; until then nobody can vote; raises Unavailable."""
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for shard in range(definition.shards):
            pipe.hdel(key(definition.election, shard, "rules"), "roll_revision")
        pipe.execute()


def lines_of(definition: Definition, row: Sequence[object]) -> Iterator[tuple[int, Line]]:
    """Yield the lines of an entry, given its LINE_FIELDS, each with its shard.

    There is one for the voter, and one for the code if there is one. Without a value the box must not have the line.
    """
    number, issue, weight, groups, code, struck_at = row
    voter = roll_voter(definition, int(str(number)))
    told = "" if struck_at else f"{issue} {weight} {write_groups(groups)}"  # type: ignore[arg-type]
    yield voter.shard, ("roll", voter.key, told)
    if code:
        found = "" if struck_at else f"{number} {issue}"
        yield shard_of(str(code), definition.shards), ("codes", str(code), found)


def _write(definition: Definition, shard: int, writer: str, arguments: list[str]) -> bool:
    """Write lines, and empty the list; False if another writer has taken over."""
    written = _call(definition, shard, "write", writer, *arguments)
    arguments.clear()
    return bool(written)


def _call(definition: Definition, shard: int, *arguments: str | int) -> int:
    keys = [key(definition.election, shard, part) for part in ("rules", "roll", "codes")]
    with reaching():
        # The last call of each shard is confirmed, and with it all that came before.
        return int(evaluate("fill_roll", keys, arguments, confirmed=arguments[0] == "finish"))
