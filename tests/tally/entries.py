"""Entries of the ballot box, written as `cast.lua` writes them, with any weight and in any wire version."""

import itertools
from typing import Any

from polls import ballot_box
from polls.ballots import WIRE_VERSION, new_ballot_id

from ..conftest import EPOCH, voter_key

_later = itertools.count(1795339000000)


def put(
    redis: Any,
    election: Any,
    voter: str,
    marking: str,
    *,
    weight: int = 1,
    version: int = WIRE_VERSION,
    is_key: bool = False,
) -> dict[str, Any]:
    """Put a ballot with a weight into the only shard of a box; `voter` is a short name, or a key. Return its fields."""
    rules = ballot_box.key(election.pk, 0, "rules")
    now = next(_later)
    fields = {
        "v": version,
        "epoch": redis.hget(rules, "epoch") or EPOCH,
        "serial": redis.hincrby(rules, "serial", 1),
        "at": now,
        "voter": voter if is_key else voter_key(voter),
        "ballot": str(new_ballot_id(now)),
        "design": election.in_force,
        "marking": marking,
    }
    if version > 2:
        fields["weight"] = weight
    redis.xadd(ballot_box.key(election.pk, 0, "ballots"), fields)
    return fields
