"""Tell the results pages that an election has changed: a hint, which may be lost."""

import asyncio
import logging
import os
import threading
from functools import cache
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "results"
# The channel layer itself waits for ever if Redis does not answer.
SEND_TIMEOUT_S = 1.0


def announce(election: int) -> None:
    """Send the hint to every results process; if it is lost, they read at their next tick."""
    try:
        sending = asyncio.run_coroutine_threadsafe(_send({"type": "hint", "election": election}), _loop())
        sending.result(2 * SEND_TIMEOUT_S)
    except Exception as error:  # the layer's client raises errors of many kinds
        logger.warning("no hint for election %s, results wait for their tick: %r", election, error)


async def _send(message: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        layer: Any = get_channel_layer()
        await layer.group_send(GROUP, message)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return a loop that runs beside everything else: the layer keeps a connection for as long as its loop lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="announce", daemon=True).start()
    return loop


# A forked child does not have the thread.
os.register_at_fork(after_in_child=_loop.cache_clear)
