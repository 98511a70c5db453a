"""The names of what the ballot box keeps in Redis.

`urna:epoch` and `urna:definitions` for the whole box; for each election and shard, under one hash tag,
`rules` (hash: window, design, seal, epoch, last serial), `ballots` (stream), `voters` (hash: voter key -> mark),
`wake` (a drain has been asked for and not begun) and, for a moment, a `newcomers` key for each network.
"""

EPOCH = "urna:epoch"
DEFINITIONS = "urna:definitions"


def key(election: int, shard: int, part: str) -> str:
    """Name a key of one shard; the braces keep all keys of a shard in one slot of a Redis Cluster."""
    return f"urna:{{{election}:{shard}}}:{part}"
