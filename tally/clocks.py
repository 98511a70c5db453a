"""Watch that the masters of a cluster tell the same time: each decides by its own clock whether a ballot is in time."""

import logging

from polls import ballot_box
from polls.ballot_box.cluster import read_clocks
from polls.ballot_box.connection import reaching

logger = logging.getLogger(__name__)

# Seconds between the clocks of two masters from which on somebody has to set them right.
MOST_S = 0.5
# Whether this process has raised the alarm.
_is_alarming = False


def read_skew() -> float:
    """Return the seconds between the clocks of the two masters that differ most; raises Unavailable."""
    with reaching():
        ahead = read_clocks(ballot_box.connection.client()).values()
    return max(ahead) - min(ahead)


def check_clocks() -> None:
    """Raise an alarm when the clocks begin to differ by more than MOST_S, once; raises Unavailable."""
    global _is_alarming
    skew = read_skew()
    if skew > MOST_S and not _is_alarming:
        logger.error("ALARM the clocks of the masters of the ballot box differ by %s s", round(skew, 3))
    elif skew <= MOST_S and _is_alarming:
        logger.warning("the clocks of the masters of the ballot box agree again")
    _is_alarming = skew > MOST_S
