"""Rows as they travel to PostgreSQL: for each column an array as text, which one statement unnests.

The driver would look at each value, and take thirty times as long; PostgreSQL would parse each one as an expression.
Where all rows have the usual value of a column its array is empty: PostgreSQL fills it up with NULL, and the statement
says what stands for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from polls.ballots import Ballot

from .counting import Counted


class Rows(NamedTuple):
    """Ballots for the table of cast records. To write them takes a while, and no database."""

    # Of all ballots without an epoch of their own in `epochs`.
    epoch: str
    voter_keys: str
    ballot_ids: str
    markings: str
    epochs: str
    serials: str
    accepted: str
    weights: str

    @classmethod
    def of(cls, ballots: Sequence[Ballot]) -> Self:
        """Write ballots in their order."""
        epochs = [one.epoch for one in ballots]
        is_one_epoch = len(set(epochs)) == 1
        return cls(
            epoch=epochs[0] if is_one_epoch else "",
            voter_keys=array([one.voter_key for one in ballots]),
            ballot_ids=array([one.ballot_id for one in ballots]),
            markings=_texts([one.marking for one in ballots]),
            epochs=array([] if is_one_epoch else epochs),
            serials=array([str(one.serial) for one in ballots]),
            accepted=array([str(one.accepted_at) for one in ballots]),
            weights=_weights([one.weight for one in ballots]),
        )


def write_counted(counted: Mapping[str, Counted]) -> list[str]:
    """Write the columns voter key, ballot id, marking and weight of counted ballots."""
    ones = counted.values()
    return [
        array(counted),
        array([one.ballot_id for one in ones]),
        _texts([one.marking for one in ones]),
        _weights([one.weight for one in ones]),
    ]


def array(values: Iterable[str]) -> str:
    """Write an array of values that need no quoting: keys, ids and numbers, as `Ballot.from_wire` lets them through."""
    return f"{{{','.join(values)}}}"


def _texts(values: Sequence[str]) -> str:
    """Write an array of any texts; each different one is quoted once."""
    quoted = {value: _quote(value) for value in set(values)}
    return array([quoted[value] for value in values])


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _weights(weights: Sequence[int]) -> str:
    return array([] if weights.count(1) == len(weights) else map(str, weights))
