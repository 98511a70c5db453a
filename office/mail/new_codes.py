"""The code that a mail brings: made when the mail is sent, and kept nowhere but as its hash on the roll."""

import time

from polls.ballot_box import Unavailable
from polls.models import Election, Roll, RollEntry
from polls.roll import box, codes
from tally.rolls import bring_roll

# Seconds for which another worker that is writing the roll is waited for, and between looks.
PATIENCE_S = 3.0
PAUSE_S = 0.05


def lock_roll(election: Election) -> Roll:
    """Return the roll of an election, under the lock with which all acts on a roll take turns; in a transaction."""
    return Roll.objects.select_for_update().get(election=election)


def change_code(roll: Roll, number: int) -> str:
    """Give the voter of an entry a new code, and return it; in the transaction that has locked the roll.

    The one before is void, and a vote that was cast stands, as after the act of the office.
    """
    code = codes.make()
    entry = RollEntry.objects.select_for_update().get(election=roll.election_id, number=number)
    roll.revision += 1
    entry.code_hash = codes.hash_code(roll.election_id, codes.read(code))
    entry.issue += 1
    entry.revision = roll.revision
    roll.save(update_fields=["revision"])
    entry.save(update_fields=["code_hash", "issue", "revision"])
    return code


def bring_code(election: Election, revision: int) -> None:
    """Return once the ballot box has the roll with a new code; raises Unavailable."""
    end = time.monotonic() + PATIENCE_S
    bring_roll(election)
    while not box.has_revision(election.pk, election.shards, revision):
        if time.monotonic() >= end:
            raise Unavailable("another worker is writing the roll")
        time.sleep(PAUSE_S)
        bring_roll(election)
