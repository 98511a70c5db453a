"""How often a program has ended, how long it waits before it is started again, and how often that is logged."""

from collections import deque

# This many ends within this many seconds are too many for a program that voting needs.
ENDS = 5
ENDS_WITHIN = 60
# Seconds between an end and the next start: one more each time, and at most this many.
LONGEST_PAUSE = 30
# Seconds between two lines about a program that ends again and again.
QUIET = 600


class Restarts:
    """The restarts of one program. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self._recent: deque[float] = deque(maxlen=ENDS)
        self._silent_until = 0.0

    def note_end(self, now: float) -> None:
        """Count an end."""
        self.in_a_row += 1
        self._recent.append(now)

    def note_recovery(self) -> int:
        """Start counting at 0, since the program has run long enough; return the number of ends, 0 below ENDS."""
        ends, self.in_a_row = self.in_a_row, 0
        self._silent_until = 0.0
        return ends if ends >= ENDS else 0

    @property
    def pause(self) -> int:
        """Seconds until the next start."""
        return min(self.in_a_row, LONGEST_PAUSE)

    @property
    def is_storm(self) -> bool:
        """Tell whether the program has ended again and again."""
        return self.in_a_row >= ENDS

    def are_too_many(self, now: float) -> bool:
        """Tell whether the last ends came so fast that starting again does not help."""
        return len(self._recent) == ENDS and now - self._recent[0] < ENDS_WITHIN

    def is_news(self, now: float) -> bool:
        """Tell whether this end has to be logged."""
        if not self.is_storm:
            return True
        if now < self._silent_until:
            return False
        self._silent_until = now + QUIET
        return True
