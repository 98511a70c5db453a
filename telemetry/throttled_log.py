"""What is refused, in the log: the first of a kind in a minute with its request, the others as a number.

A line for each would let a script fill the disk, and none would hide it.
"""

import logging
import time

logger = logging.getLogger(__name__)

# Seconds in which a kind of refusal has one line.
QUIET_S = 60.0

# By kind: when it had its line, and how many came since.
_said: dict[str, float] = {}
_left_out: dict[str, int] = {}


def note(kind: str) -> None:
    """Log a refusal of one of a fixed list of kinds, unless that was done within the last minute."""
    now = time.monotonic()
    if now - _said.get(kind, float("-inf")) < QUIET_S:
        _left_out[kind] = _left_out.get(kind, 0) + 1
        return
    _said[kind] = now
    more = _left_out.pop(kind, 0)
    logger.info("refused %s%s", kind, f" ({more} more since the last line about it)" if more else "")
