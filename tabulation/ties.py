"""The options that are elected by most votes, and the options that tie at the last seat.

There is a tie where one more vote would elect an option that has as many votes as another: Representation of the
People Act 1983 (UK), Schedule 1, rule 49. That rule goes on to draw lots. Nothing is drawn here: a `Tie` is part of
the outcome, and a draw would have to put its options in order.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple


class Group(NamedTuple):
    """Options with equal votes, in ballot order."""

    votes: int
    keys: tuple[str, ...]


class Tie(NamedTuple):
    """Options with equal votes, in ballot order, and the seats left for them, which are fewer."""

    keys: tuple[str, ...]
    seats: int


class OpenTie(NamedTuple):
    """Options between which a draw has to decide in a round, in ballot order."""

    round_number: int
    keys: tuple[str, ...]


class Seating(NamedTuple):
    """The certainly elected options, most votes first and equals in ballot order; and the tie for the last seats."""

    elected: tuple[str, ...]
    tie: Tie | None


def group_by_votes(votes: Mapping[str, int]) -> list[Group]:
    """Return the options that have votes in groups of equals, most votes first; `votes` is in ballot order."""
    ranked = sorted((key for key in votes if votes[key]), key=lambda key: -votes[key])
    return [Group(number, tuple(keys)) for number, keys in groupby(ranked, key=lambda key: votes[key])]


def fill_seats(groups: Iterable[Group], seats: int) -> Seating:
    """Give the seats to the groups in their order, until a group is larger than the seats left."""
    elected: tuple[str, ...] = ()
    for group in groups:
        left = seats - len(elected)
        if left == 0:
            break
        if len(group.keys) > left:
            return Seating(elected, Tie(group.keys, left))
        elected += group.keys
    return Seating(elected, None)
