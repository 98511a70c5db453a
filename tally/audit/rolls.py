"""Compare the rolls in the ballot box with the database, line by line, now and then.

A revision and a number of lines say that a roll was written as a whole (polls/roll/box.py). They do not say what
became of its lines since: a hand that reached into Redis, or a fault of ours, could let somebody vote who must not.
"""

import datetime as dt
import logging
import time

from django.db.models.functions import Now
from django.utils import timezone

from polls.definition import Definition
from polls.delivery import with_secrets
from polls.life import State
from polls.models import Election, Eligibility, Roll
from polls.roll import box
from polls.roll.digest import find_differing_shards

from .. import store
from ..models import RollComparison
from ..rolls import ROLL_LOCK, bring_roll

logger = logging.getLogger(__name__)

# A roll that has changed is compared soon, and each one again after a while. Both take at most SHARE of the time.
SOON = dt.timedelta(minutes=1)
AGAIN = dt.timedelta(minutes=10)
SHARE = 0.02


def check_rolls() -> None:
    """Compare the rolls that are due, and write anew what differs, with an alarm; raises Unavailable."""
    known = RollComparison.objects.in_bulk()
    revisions = dict(Roll.objects.values_list("pk", "revision"))
    for election in Election.objects.filter(state=State.PUBLISHED, eligibility=Eligibility.ROLL):
        if _is_due(known.get(election.pk), revisions.get(election.pk, 0)):
            with store.alone(ROLL_LOCK, election.pk) as alone:
                differing = compare(election) if alone else []
            if differing:
                logger.error(
                    "ALARM %s: the roll in the ballot box was not that of the database, in shards %s;"
                    " it is written anew",
                    election.slug, ", ".join(map(str, differing)),
                )  # fmt: skip
                bring_roll(election)


def compare(election: Election) -> list[int]:
    """Return the shards whose lines are not those of the database, and have them written anew; raises Unavailable.

    Holds ROLL_LOCK, so that nobody writes meanwhile. A roll that changes meanwhile, or that the box does not have as a
    whole, is left for the next time.
    """
    [definition] = with_secrets([Definition.of(election)])
    revision, started = _revision(election), time.monotonic()
    if not box.is_current(election.pk, election.shards, revision):
        return []
    differing = find_differing_shards(definition)
    # A scan may see a line twice while Redis moves its table. A second one, on another table, does not.
    if differing:
        differing = find_differing_shards(definition)
    if _revision(election) != revision or not box.is_current(election.pk, election.shards, revision):
        return []
    RollComparison.objects.update_or_create(
        election=election,
        defaults={"revision": revision, "compared_at": Now(), "seconds": time.monotonic() - started},
    )
    if differing:
        box.forget(definition)
    return differing


def _revision(election: Election) -> int:
    return Roll.objects.filter(pk=election.pk).values_list("revision", flat=True).first() or 0


def _is_due(last: RollComparison | None, revision: int) -> bool:
    if last is None:
        return True
    wait = SOON if last.revision != revision else AGAIN
    return timezone.now() - last.compared_at >= max(wait, dt.timedelta(seconds=last.seconds / SHARE))
