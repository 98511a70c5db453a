"""Bring rolls to the ballot box, as far as it does not have them yet."""

from polls.definition import Definition
from polls.delivery import with_secrets
from polls.life import State
from polls.models import Election, Eligibility, Roll
from polls.roll import box

from . import store as database

# With the number of an election, the advisory lock of its roll.
ROLL_LOCK = -3


def bring_roll(election: Election) -> None:
    """Write what the box lacks of the roll of an election that takes votes, or will; raises Unavailable.

    While another process is at it this does nothing: what that one finds changed too late is left for the next tick.
    """
    if election.eligibility != Eligibility.ROLL or election.state != State.PUBLISHED:
        return
    roll = Roll.objects.filter(pk=election.pk).first() or Roll(election=election)
    if box.is_current(election.pk, election.shards, roll.revision):
        return
    with database.alone(ROLL_LOCK, election.pk) as alone:
        if alone:
            roll = Roll.objects.filter(pk=election.pk).first() or roll
            [definition] = with_secrets([Definition.of(election)])
            box.fill(definition, roll)
