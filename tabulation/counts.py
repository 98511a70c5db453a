"""Counts: how often each count key was marked, each time with the weight of the ballot.

Each marking adds to some count keys. All counts are such sums, so that neither the order of the ballots matters nor how
they are split into batches. In a whole election a count key begins with its contest, as in `q1:nesquik`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .contest import Contest, is_whole

# The count key of ballots on which the contest is left blank.
BLANK = "-blank"
# The count key of ballots that have the contest, blank or not, where not all ballots have it.
BALLOTS = "-ballots"


class InvalidCounts(ValueError):
    """Counts that cannot come from the ballots of the contest; the message says why."""


class ContestCounts(NamedTuple):
    """The counts of one contest, without its prefix, and apart from them its blank ballots and all that have it.

    `ballots` is 0 where no such number was counted.
    """

    counts: dict[str, int]
    blank: int
    ballots: int = 0


def split_by_contest(counts: Mapping[str, int], contests: Iterable[str]) -> dict[str, ContestCounts]:
    """Split counts with prefixes by contest; raises InvalidCounts for a key of none of these contests.

    Each contest has an entry, even if nothing was counted. Only the first colon separates: `q1:ana:3` is `ana:3` of q1.
    """
    split: dict[str, dict[str, int]] = {contest: {} for contest in contests}
    for prefixed, count in counts.items():
        contest, colon, key = prefixed.partition(":")
        if not (colon and contest in split):
            raise InvalidCounts(f"the count {prefixed!r} belongs to no contest: there are {', '.join(split) or 'none'}")
        split[contest][key] = count
    return {
        contest: ContestCounts(blank=own.pop(BLANK, 0), ballots=own.pop(BALLOTS, 0), counts=own)
        for contest, own in split.items()
    }


def require_number(key: str, count: object) -> None:
    """Raise InvalidCounts unless a count is a whole number from 0 on."""
    if not is_whole(count) or count < 0:
        raise InvalidCounts(f"{key} cannot be counted {count!r} times")


def votes_by_option(contest: Contest, counts: Mapping[str, int], *, choices: int | None) -> dict[str, int]:
    """Return the votes of each option, in ballot order, where count keys are options.

    `choices` is how many options one ballot can choose at most, None for all. Raises InvalidCounts if a key is no
    option, a count is no whole number from 0 on, or there are more votes than the marked ballots can give.
    """
    if unknown := sorted(counts.keys() - set(contest.options)):
        raise InvalidCounts(f"there are votes for {', '.join(unknown)}, which is no option of the contest")
    votes = {key: counts.get(key, 0) for key in contest.options}
    for key, count in votes.items():
        if not is_whole(count) or not 0 <= count <= contest.marked:
            raise InvalidCounts(f"{contest.marked} marked ballots cannot give {count!r} votes to {key}")
    total = sum(votes.values())
    if choices is not None and total > choices * contest.marked:
        raise InvalidCounts(f"{contest.marked} marked ballots of {choices} choices cannot give {total} votes")
    return votes
