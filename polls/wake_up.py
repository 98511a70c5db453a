"""Ask a worker to count now. Only a hint: beat asks every second as well, and losing it costs that second."""

import logging

from celery import current_app

from .definition import Definition
from .voters import shard_of

logger = logging.getLogger(__name__)


def ask_for_drain(definition: Definition, voter: str) -> None:
    """Send the wake-up for a voter's shard; a failure is logged, since the ballot itself is safe in the box."""
    ask_for_next_drain(definition, shard_of(voter, definition.shards))


def ask_for_next_drain(definition: Definition, shard: int) -> None:
    """Send the wake-up for a shard in which ballots wait; a failure is logged."""
    try:
        current_app.send_task("tally.drain", (definition.election, shard), expires=10, retry=False)
    except Exception as error:  # the broker's transports raise errors of many kinds
        logger.warning("no wake-up for %s, counting waits for the tick: %r", definition.slug, error)
