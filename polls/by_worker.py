"""Have a worker bring an election to the ballot box, for a role that may not read voter secrets."""

import time

from .models import Election
from .wake_up import ask_for_delivery

# Seconds for which somebody who publishes waits. A worker that is idle takes some milliseconds.
PATIENCE_S = 4.0
PAUSE_S = 0.02


def deliver(election: Election, *, wait: bool) -> bool:
    """Ask a worker, and tell whether the box has decided on this revision; without `wait`, whether it has already.

    A revision that the box refuses is followed by one that takes the edit back, and that the box takes.
    """
    ask_for_delivery(election.pk)
    decided = Election.objects.filter(pk=election.pk, taken__gte=election.revision)
    end = time.monotonic() + (PATIENCE_S if wait else 0)
    while not decided.exists():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_S)
    return True
