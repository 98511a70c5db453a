"""Tell the results pages that an election has changed: a hint, which may be lost."""

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "results"
# The layer itself never gives up on a Redis that is silent.
SEND_TIMEOUT_S = 1.0


def announce(election: int) -> None:
    """Send the hint to every results process; a failure costs them the time until their next tick."""
    try:
        async_to_sync(_send)({"type": "hint", "election": election})
    except Exception as error:  # the layer's client raises errors of many kinds
        logger.warning("no hint for election %s, results wait for their tick: %r", election, error)


async def _send(message: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        layer: Any = get_channel_layer()
        await layer.group_send(GROUP, message)
