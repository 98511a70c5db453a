"""Have a worker bring an election to the ballot box, for a role that may not read voter secrets."""

import time
from collections.abc import Callable

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
    return wait_for(decided.exists) if wait else decided.exists()


def wait_for(is_done: Callable[[], bool]) -> bool:
    """Wait as long as somebody who presses a button waits, and tell whether a worker has done it by then."""
    end = time.monotonic() + PATIENCE_S
    while not is_done():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_S)
    return True
