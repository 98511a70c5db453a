"""Bring a roll to the ballot box after an act, as publications are brought there (polls/by_worker.py)."""

import logging
import time

from django.conf import settings

from polls.models import Election, Eligibility
from polls.outages import is_outage
from polls.roll import box
from polls.wake_up import ask_for_delivery
from tally.rolls import bring_roll

logger = logging.getLogger(__name__)

# Seconds for which an organiser waits for a worker, which alone may derive voter keys; and between looks.
PATIENCE_S = 4.0
PAUSE_S = 0.05


def bring(election: Election, revision: int | None = None) -> bool:
    """Bring a roll to the box; tell whether it is there, up to `revision`. What is not, the worker brings later."""
    if election.eligibility != Eligibility.ROLL:
        return True
    try:
        if settings.ROLE.publishes_by_worker:
            return _have_brought(election, revision)
        election.refresh_from_db()
        bring_roll(election)
        return True
    except Exception as error:
        if not is_outage(error):
            raise
        logger.warning("%s: its roll comes to the ballot box as soon as that is back: %s", election.slug, error)
        return False


def _have_brought(election: Election, revision: int | None) -> bool:
    ask_for_delivery(election.pk)
    end = time.monotonic() + PATIENCE_S
    while revision is not None and not box.has_revision(election.pk, election.shards, revision):
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_S)
    return True
