"""Which groups of a roll the turnout may be shown of. No database, no clock.

A group in which few are entitled is not shown: "3 of 3" says of each of them that they have voted. Nor are groups shown
from which, together with the other figures on the page, that of a small set of voters could be computed: the turnout of
all, and the ballots of each contest that is for some groups only, are there as well.

So the entries of the roll are cut into the smallest sets of which any sum of those figures could tell: by the contests
that they have, and by the group shown that they are in. None of these sets may be small, unless the contests alone cut
it out: then the groups add nothing to it. No entry is counted in two of the groups shown.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

# More different combinations of groups than this are looked at by no reader, and would make the page long.
MOST_COMBINATIONS = 2000
MOST_SHOWN = 50


class Combination(NamedTuple):
    """The entries of a roll that are in exactly these groups."""

    groups: frozenset[str]
    entitled: int
    voted: int


def choose(
    combinations: Sequence[Combination], audiences: Sequence[frozenset[str]], smallest: int
) -> list[dict[str, str | int]]:
    """Return the groups whose turnout is shown, each with its name, voted and entitled; the largest come first.

    `audiences` has the groups of each contest that is for some groups only.
    """
    if len(combinations) > MOST_COMBINATIONS:
        return []
    entitled: Counter[str] = Counter()
    voted: Counter[str] = Counter()
    for one in combinations:
        for group in one.groups:
            entitled[group] += one.entitled
            voted[group] += one.voted
    shown: list[str] = []
    for group in sorted(entitled, key=lambda name: (-entitled[name], name))[:MOST_SHOWN]:
        overlaps = any(group in one.groups and not one.groups.isdisjoint(shown) for one in combinations)
        more = frozenset([*shown, group])
        if entitled[group] >= smallest and not overlaps and not _cut_out(combinations, audiences, more, smallest):
            shown.append(group)
    return [{"name": group, "voted": voted[group], "entitled": entitled[group]} for group in shown]


def _cut_out(
    combinations: Sequence[Combination], audiences: Sequence[frozenset[str]], shown: frozenset[str], smallest: int
) -> bool:
    """Tell whether a small set of entries could be told apart by these groups."""
    by_contests: Counter[tuple[bool, ...]] = Counter()
    by_both: Counter[tuple[tuple[bool, ...], frozenset[str]]] = Counter()
    for one in combinations:
        contests = tuple(bool(one.groups & audience) for audience in audiences)
        by_contests[contests] += one.entitled
        by_both[contests, one.groups & shown] += one.entitled
    return any(0 < number < smallest and number != by_contests[contests] for (contests, _), number in by_both.items())
