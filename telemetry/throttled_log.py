"""Log refusals and outages: in each minute the first of a kind with its request, and the others as a number.

With a line for each one a script, or a hall that cannot vote, could fill the disk; without any nobody would notice.
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
    if (more := count_left_out(kind)) is not None:
        logger.info("refused %s%s", kind, more)


def count_left_out(kind: str) -> str | None:
    """Return None if a kind has had its line within the last minute, else what its next line says of those since."""
    now = time.monotonic()
    if now - _said.get(kind, float("-inf")) < QUIET_S:
        _left_out[kind] = _left_out.get(kind, 0) + 1
        return None
    _said[kind] = now
    more = _left_out.pop(kind, 0)
    return f" ({more} more since the last line about it)" if more else ""


class Throttled(logging.Filter):
    """Lets a message of a library through once a minute, whatever it names; the next one says how many were left out.

    At DEBUG all of them are let through.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            return True
        more = count_left_out(f"{record.name}: {record.msg}")
        if more is None:
            return False
        record.msg = f"{str(record.msg).rstrip()}{more}"
        return True
