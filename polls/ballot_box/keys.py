"""The names of the ballot box's keys in Redis.

The keys without braces are for the whole box, as `urna:epoch`, `urna:definitions` and, while it is restored,
`urna:healing`; in a Redis Cluster they have the hash tag `{box}`, so that one master has them all, and loses all if it
loses anything. Each election and shard has, under one hash tag, `rules` (hash: window, design, seal, epoch, last
serial), `ballots` (stream), `voters` (hash: voter key -> mark), `wake` (a drain was asked for and has not begun),
`counted` (version of the count that has all ballots which have left the box) and, for a short time, a `newcomers` key
for each network. With a roll it has `roll` (hash: voter key -> issue, weight and groups) and `codes` (hash: hash of a
code -> number and issue) as well. The first shard has the `pictures` of the options, for all of them (hash: SHA-256 ->
WebP).
"""

from django.conf import settings

from ..definition import Definition


def _key_of_box(part: str) -> str:
    return f"urna:{{box}}:{part}" if settings.BALLOT_BOX_CLUSTER else f"urna:{part}"


EPOCH = _key_of_box("epoch")
DEFINITIONS = _key_of_box("definitions")
HEALING = _key_of_box("healing")
# When the newest heartbeat began that the database has committed, in ms by Redis's clock.
HEARTBEAT = _key_of_box("heartbeat")
# Written before replicas are asked what they have.
CONFIRMED = _key_of_box("confirmed")
# How many replicas have to confirm (in_sync.py).
IN_SYNC = _key_of_box("in_sync")
# The replication ID of the primary that the epoch is for: another one has been promoted since, or started again.
PRIMARY = _key_of_box("primary")
# Only in a Redis Cluster: what is being written to all shards (hash: election -> JSON).
AGREED = _key_of_box("agreed")
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
