"""The names of the ballot box's keys in Redis.

`urna:epoch` and `urna:definitions` are for the whole box. Each election and shard has, under one hash tag, `rules`
(hash: window, design, seal, epoch, last serial), `ballots` (stream), `voters` (hash: voter key -> mark), `wake` (a
drain was asked for and has not begun) and, for a short time, a `newcomers` key for each network.
"""

EPOCH = "urna:epoch"
DEFINITIONS = "urna:definitions"


def key(election: int, shard: int, part: str) -> str:
    """Name a key of one shard; the braces keep all keys of a shard in one slot of a Redis Cluster."""
    return f"urna:{{{election}:{shard}}}:{part}"
