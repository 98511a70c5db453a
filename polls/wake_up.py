"""Ask a worker to count now. This is only a hint: beat asks every second as well, so that a lost one costs a second."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache

from celery import current_app

from .definition import Definition

logger = logging.getLogger(__name__)


@cache
def _messenger() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="wake-up")


# A forked child inherits the executor, but not its thread.
os.register_at_fork(after_in_child=_messenger.cache_clear)


def ask_for_drain(definition: Definition, shard: int) -> None:
    """Send the wake-up for a voter's shard from another thread, so that the voter does not wait for it."""
    # With the request's context, which holds its id for the log.
    _messenger().submit(copy_context().run, ask_for_next_drain, definition, shard)


def ask_for_next_drain(definition: Definition, shard: int) -> None:
    """Send the wake-up for a shard in which ballots wait; a failure is logged."""
    try:
        current_app.send_task("tally.drain", (definition.election, shard), expires=10, retry=False)
    except Exception as error:  # the broker's transports raise errors of many kinds
        logger.warning("no wake-up for %s, counting waits for the tick: %r", definition.slug, error)
