"""Ask a worker to do something now. This is only a hint: beat asks as well, so that a lost one costs some seconds."""

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
    _send("tally.drain", definition.election, shard)


def ask_for_delivery(election: int) -> None:
    """Ask a worker to bring an election to the ballot box; a failure is logged."""
    _send("tally.deliver", election)


def ask_for_keeping() -> None:
    """Ask a worker to bring all that the ballot box does not have yet; a failure is logged."""
    _send("tally.keep_box")


def ask_for_outcomes() -> None:
    """Ask a worker to make the outcomes that have changed; a failure is logged."""
    _send("tally.catch_up")


def ask_for_certification() -> None:
    """Ask a worker to certify what waits for it; a failure is logged."""
    _send("tally.certify")


def ask_for_audits() -> None:
    """Ask a worker to do what audits by sample wait for; a failure is logged."""
    _send("record.carry_out_audits")


def _send(task: str, *arguments: int) -> None:
    try:
        current_app.send_task(task, arguments, expires=10, retry=False)
    except Exception as error:  # the broker's transports raise errors of many kinds
        logger.warning("no wake-up %s%s, it waits for the tick: %r", task, arguments, error)
