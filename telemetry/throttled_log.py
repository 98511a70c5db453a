"""Log refusals: in each minute the first of a kind with its request, and the others as a number.

With a line for each refusal a script could fill the disk; without any line nobody would notice it.
"""

import logging
import time

logger = logging.getLogger(__name__)

# Seconds during which a kind of refusal has one line.
QUIET_S = 60.0

# By kind: the time of its last line, and the number of refusals since then.
_said: dict[str, float] = {}
_left_out: dict[str, int] = {}


def note(kind: str) -> None:
    """Log a refusal, unless its kind was logged within the last minute; the kinds are a fixed list."""
    now = time.monotonic()
    if now - _said.get(kind, float("-inf")) < QUIET_S:
        _left_out[kind] = _left_out.get(kind, 0) + 1
        return
    _said[kind] = now
    more = _left_out.pop(kind, 0)
    logger.info("refused %s%s", kind, f" ({more} more since the last line about it)" if more else "")
