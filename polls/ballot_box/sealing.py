"""Seal a box: from then on it accepts no ballot."""

from dataclasses import dataclass

from .connection import EMPTY, Unavailable, evaluate, reaching
from .keys import key


@dataclass(frozen=True)
class Seal:
    """What sealing found; `closed_at` is in ms by the box's clock, `waiting` the ballots yet to be counted."""

    sealed: bool
    closed_at: int
    waiting: int


def seal(election: int, shards: int, *, only_if_due: bool = False) -> Seal:
    """Close the box of an election, by the box's clock and for good; raises Unavailable.

    With `only_if_due` the box closes only if its closing time has passed. If one shard closes, all of them do: one that
    has the same closing time at that time by its own clock, which is another one where masters of a cluster have the
    shards, and one that has another time at once.
    """
    replies = [_seal_shard(election, shard, only_if_due=only_if_due) for shard in range(shards)]
    closed = {reply.closed_at for reply in replies if reply.sealed}
    for shard, reply in enumerate(replies):
        waits_for_its_clock = reply.closed_at and reply.closed_at in closed
        if closed and not reply.sealed and not waits_for_its_clock:
            replies[shard] = _seal_shard(election, shard, only_if_due=False)
    return Seal(
        sealed=all(reply.sealed for reply in replies),
        closed_at=max(reply.closed_at for reply in replies),
        waiting=sum(reply.waiting for reply in replies),
    )


def _seal_shard(election: int, shard: int, *, only_if_due: bool) -> Seal:
    keys = [key(election, shard, "rules"), key(election, shard, "ballots")]
    with reaching():
        sealed, closed_at, waiting, _ = evaluate("seal", keys, ["due" if only_if_due else "now"], confirmed=True)
    if sealed < 0:
        raise Unavailable(EMPTY)
    return Seal(bool(sealed), closed_at, waiting)
