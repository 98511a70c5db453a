"""The worker's tasks. Each is only a hint to look: what there is to do is in Redis and PostgreSQL."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections

from polls.models import Election
from polls.outages import is_outage

from . import certification, clocks, healing, heartbeat, lifecycle, outcomes, turnout
from . import drain as rounds
from .audit import accounts, rolls

logger = logging.getLogger(__name__)

P = ParamSpec("P")


def hint(task: Callable[P, None]) -> Callable[P, None]:
    """Let a task end quietly while a service is down or the schema is not there yet; the next tick tries again."""

    @functools.wraps(task)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> None:
        # Closes a connection that broke, or is older than CONN_MAX_AGE.
        close_old_connections()
        try:
            task(*args, **kwargs)
        except Exception as error:
            if not is_outage(error):
                raise
            logger.warning("%s waits for the next tick: %s", task.__name__, str(error).partition("\n")[0])

    return attempt


@shared_task(name="tally.drain")
@hint
def drain(election: int, shard: int) -> None:
    rounds.drain_shard(Election.objects.get(pk=election), shard)


@shared_task(name="tally.drain_all")
@hint
def drain_all() -> None:
    rounds.drain_all()


@shared_task(name="tally.deliver")
@hint
def deliver(election: int) -> None:
    healing.deliver_election(election)


@shared_task(name="tally.catch_up")
@hint
def catch_up() -> None:
    outcomes.catch_up()


@shared_task(name="tally.beat")
@hint
def beat() -> None:
    heartbeat.beat()


@shared_task(name="tally.note_turnout")
@hint
def note_turnout() -> None:
    turnout.note_all()


@shared_task(name="tally.turn_phases")
@hint
def turn_phases() -> None:
    lifecycle.turn_phases()


@shared_task(name="tally.keep_box")
@hint
def keep_box() -> None:
    healing.keep_box()
    if settings.BALLOT_BOX_CLUSTER:
        clocks.check_clocks()


@shared_task(name="tally.certify")
@hint
def certify() -> None:
    certification.certify_all()


@shared_task(name="tally.check_accounts")
@hint
def check_accounts() -> None:
    accounts.check_accounts()


@shared_task(name="tally.check_rolls")
@hint
def check_rolls() -> None:
    rolls.check_rolls()
