"""How many ballots were counted when, as pages and frames have it: up to this very minute while voting is open."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from tally.pace import MINUTE_S, MOST, Pace, carry_on, counted

# The plot, in units of its own: a step is one wide.
HEIGHT = 20


@dataclass(frozen=True)
class PaceShown:
    """The series for a page: `first` is when it begins, `every` the minutes of a step, `counted` the ballots of it."""

    first: dt.datetime
    every: int
    counted: list[int]
    # The last step is not over yet.
    goes_on: bool

    @classmethod
    def of(cls, pace: Pace, *, open_at: dt.datetime | None) -> Self:
        """Show a stored series, with the steps since in which nothing was counted, if voting is open at `open_at`."""
        if open_at:
            pace = carry_on(pace, open_at, pace["ballots"][-1], idle=True)
        first = dt.datetime.fromtimestamp(pace["first"] * MINUTE_S, dt.UTC)
        return cls(first, pace["every"], counted(pace), open_at is not None)

    @property
    def most(self) -> int:
        """Return the ballots of the highest step."""
        return max(self.counted)

    @property
    def last(self) -> int:
        """Return the ballots of the last step that is over, 0 where none is."""
        over = self.counted[:-1] if self.goes_on else self.counted
        return over[-1] if over else 0

    @property
    def width(self) -> int:
        """Return how many steps the plot has room for: never so few that one fills it."""
        return min(MOST, max(10, len(self.counted)))

    @cached_property
    def path(self) -> str:
        """Return the outline of the columns as SVG has it."""
        most = max(1, self.most)
        heights = ((most - n) * HEIGHT * 100 // most / 100 for n in self.counted)
        tops = "".join(f"V{height:g}H{place + 1}" for place, height in enumerate(heights))
        return f"M0 {HEIGHT}{tops}V{HEIGHT}Z"

    @property
    def rows(self) -> list[tuple[dt.datetime, int]]:
        """Return the begin of each step, and its ballots."""
        step = dt.timedelta(minutes=self.every)
        return [(self.first + place * step, n) for place, n in enumerate(self.counted)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON for snapshots: times in UTC, steps in minutes."""
        first = self.first.isoformat().replace("+00:00", "Z")
        return {"first": first, "every": self.every, "counted": self.counted, "goes_on": self.goes_on}
