"""The digest of a roll: whether the ballot box has the very lines that the database says, in little memory.

The digest of a shard is the sum of the hashes of its lines. So their order does not matter, and either side is read
once, in chunks.
"""

import hashlib
from collections.abc import Iterator

from ..ballot_box import connection
from ..ballot_box.connection import reaching
from ..ballot_box.keys import key
from ..definition import Definition
from ..models import RollEntry
from .box import CHUNK, LINE_FIELDS, Line, lines_of

# The issue of each entry's code, at the place of the entry's number; 0 where there is no entry.
Issues = list[int]


def find_differing_shards(definition: Definition) -> list[int]:
    """Return the shards whose lines are not those of the database; raises Unavailable.

    `definition` has its voter secret. Nobody may change the roll meanwhile, on either side.
    """
    wanted, issues = _digest_database(definition)
    found = [sum(map(_hash_line, _read_box(definition, shard, issues))) for shard in range(definition.shards)]
    return [shard for shard in range(definition.shards) if wanted[shard] != found[shard]]


def _digest_database(definition: Definition) -> tuple[list[int], Issues]:
    sums = [0] * definition.shards
    issues: Issues = []
    rows = RollEntry.objects.filter(election=definition.election).order_by().values_list(*LINE_FIELDS)
    for row in rows.iterator(CHUNK):
        number, issue = row[:2]
        issues.extend([0] * (number + 1 - len(issues)))
        issues[number] = issue
        for shard, line in lines_of(definition, row):
            # A line without a value is one that the box must not have.
            if line[2]:
                sums[shard] += _hash_line(line)
    return sums, issues


def _read_box(definition: Definition, shard: int, issues: Issues) -> Iterator[Line]:
    for part in ("roll", "codes"):
        with reaching():
            for field, value in connection.client().hscan_iter(key(definition.election, shard, part), count=CHUNK):
                if part == "roll" or _is_current(value, issues):
                    yield part, field.decode(), value.decode()


def _is_current(value: bytes, issues: Issues) -> bool:
    """Tell whether a code is not one that was replaced: such a code stays, and finds nobody."""
    number, issue = map(int, value.split())
    return number >= len(issues) or issues[number] == issue


def _hash_line(line: Line) -> int:
    return int.from_bytes(hashlib.sha256(" ".join(line).encode()).digest()[:16])
