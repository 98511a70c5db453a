"""How many new voters one place may bring to an open poll: a burst, then one for each interval.

A voter is a cookie there, and a script takes a fresh one for each vote. The limit does not stop it, but it makes
it slow. Elections with a voter roll know their voters, and need no such limit.
"""

import math
from dataclasses import dataclass

from django.conf import settings

from .definition import Definition
from .networks import pseudonym


@dataclass(frozen=True)
class Allowance:
    """What one shard grants a place; `name` is the last part of the key that remembers how much was used."""

    name: str
    burst: int
    interval: int


def allow(definition: Definition, network: str) -> Allowance:
    """Return what one shard of an election grants `network`; "" stands for all visitors together.

    No shard knows what the others granted, so that each has its share. A crowd falls on them by chance: each gets
    four standard deviations more at once, which in sum exceeds the burst by 4 * sqrt(burst * shards).
    """
    burst, interval = settings.NEWCOMER_BURST, settings.NEWCOMER_INTERVAL_MS
    if definition.shards > 1:
        share = burst / definition.shards
        burst, interval = math.ceil(share + 4 * math.sqrt(share)), interval * definition.shards
    return Allowance(f"newcomers:{pseudonym(definition, network)}", burst, interval)
