"""How many new voters one network may bring to an open poll: a burst, then one in each interval.

In an open poll a voter is a cookie, and a script can take a new cookie for each vote. The limit does not stop such a
script, but slows it down. Elections with a voter roll know their voters, and need no such limit.
"""

import math
from typing import NamedTuple

from django.conf import settings

from .definition import Definition
from .networks import pseudonym


class Allowance(NamedTuple):
    """What one shard grants a network; `name` is the last part of the key that remembers how much was used."""

    name: str
    burst: int
    interval: int


def allow(definition: Definition, network: str) -> Allowance:
    """Return what one shard of an election grants `network`; "" stands for all visitors together.

    No shard knows what the others granted, so that each has its own share of the burst. Voters fall on shards at
    random, so each share is four standard deviations larger; the sum exceeds the burst by 4 * sqrt(burst * shards).
    """
    burst, interval = settings.NEWCOMER_BURST, settings.NEWCOMER_INTERVAL_MS
    if definition.shards > 1:
        share = burst / definition.shards
        burst, interval = math.ceil(share + 4 * math.sqrt(share)), interval * definition.shards
    return Allowance(f"newcomers:{pseudonym(definition, network)}", burst, interval)
