"""How many ballots were counted when: a series of bounded length, in steps of whole minutes, for a plot.

It tells no more than somebody who has watched the number of ballots since the opening. A minute is the shortest step,
and as the election goes on, steps double.
"""

import datetime as dt
from itertools import pairwise
from typing import TypedDict

# Steps of a series.
MOST = 60
MINUTE_S = 60


class Pace(TypedDict):
    """The series: `first` is when its first step begins, in minutes since 1970, `every` the minutes of a step.

    `before` is the number of ballots at its beginning, and `ballots` that at the end of each step.
    """

    first: int
    every: int
    before: int
    ballots: list[int]


def carry_on(pace: Pace | None, now: dt.datetime, ballots: int, before: int = 0, *, idle: bool = False) -> Pace:
    """Return the series with the number of ballots `now`; a new one begins with those of `before`.

    Steps in which nothing was counted are added before the next ballots, or at once if it is `idle`: an outcome that is
    made long after the close must not make the steps longer.
    """
    minute = int(now.timestamp()) // MINUTE_S
    if pace is None:
        return Pace(first=minute, every=1, before=before, ballots=[ballots])
    series, every = list(pace["ballots"]), pace["every"]
    if ballots == series[-1] and not idle:
        return pace
    # A clock that was set back must not change what is told already.
    place = max((minute - pace["first"]) // every, len(series) - 1)
    while place >= MOST:
        # The last step may be the first half of a longer one.
        series = [series[min(second, len(series) - 1)] for second in range(1, len(series) + 1, 2)]
        every, place = 2 * every, place // 2
    series += [series[-1]] * (place + 1 - len(series))
    series[place] = ballots
    return Pace(first=pace["first"], every=every, before=pace["before"], ballots=series)


def counted(pace: Pace) -> list[int]:
    """Return how many ballots were counted in each step; none where a recount has found fewer than there were."""
    totals = [pace["before"], *pace["ballots"]]
    return [max(0, after - before) for before, after in pairwise(totals)]
