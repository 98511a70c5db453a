"""The names of the ballot box's keys in Redis.

`urna:epoch` and `urna:definitions` are for the whole box. Each election and shard has, under one hash tag, `rules`
(hash: window, design, seal, epoch, last serial), `ballots` (stream), `voters` (hash: voter key -> mark), `wake` (a
drain was asked for and has not begun), `counted` (version of the count that has all ballots which have left the box)
and, for a short time, a `newcomers` key for each network. With a roll it has
`roll` (hash: voter key -> issue, weight and groups) and `codes` (hash: hash of a code -> number and issue) as well. The
first shard has the `pictures` of the options, for all of them (hash: SHA-256 -> WebP).
"""

from ..definition import Definition

EPOCH = "urna:epoch"
DEFINITIONS = "urna:definitions"
_WITH_ROLL = "roll:"


def key(election: int, shard: int, part: str) -> str:
    """Name a key of one shard; the braces keep all keys of a shard in one slot of a Redis Cluster."""
    return f"urna:{{{election}:{shard}}}:{part}"


def write_design(definition: Definition) -> str:
    """Write a design as the box has it: a process of the last release, which knows no roll, must take no ballot."""
    return _WITH_ROLL + definition.design if definition.has_roll else definition.design


def read_design(written: bytes | None) -> str:
    """Read back what `write_design` has written; "" where the box has no design."""
    return written.decode().removeprefix(_WITH_ROLL) if written else ""
