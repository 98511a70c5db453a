"""The count itself: pure functions from ballots to changes. No Redis, no database, no clock.

Of one voter's ballots the one with the highest id counts, because ids are UUIDv7 and `cast.lua` accepts them
in rising order only. Where votes are final the first counted one stays. So the result depends neither on how
ballots are cut into batches nor on how often a batch comes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from polls.ballots import Ballot

CountKeys = Callable[[str], Iterable[str]]


class Counted(NamedTuple):
    """What counts for one voter: the ballot's id, marking and weight."""

    ballot_id: str
    marking: str
    weight: int = 1


@dataclass
class Changes:
    """What a batch does to the count of one shard."""

    counted: dict[str, Counted] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    new_voters: int = 0
    # Of the weights above 1 each.
    extra_weight: int = 0
    set_aside: list[Ballot] = field(default_factory=list)


def count(
    ballots: Sequence[Ballot], before: Mapping[str, Counted], *, count_keys: CountKeys, votes_final: bool
) -> Changes:
    """Fold valid ballots, none of them counted before, into the changes that they make.

    `before` has, by voter key, the ballot that counts now for each voter who has one. The changes in `counts` and in
    `extra_weight` may be negative. If votes are final, later ballots of a voter come back in `set_aside`.
    """
    changes = Changes()
    # Votes by marking: many ballots share one, and its count keys are then looked up once.
    votes: Counter[str] = Counter()
    for ballot in ballots:
        standing = changes.counted.get(ballot.voter_key) or before.get(ballot.voter_key)
        if standing is None:
            changes.new_voters += 1
            changes.extra_weight += ballot.weight - 1
        elif votes_final:
            changes.set_aside.append(ballot)
            continue
        elif ballot.ballot_id < standing.ballot_id:
            continue
        else:
            # By the weight that it was counted with: the voter's may have changed meanwhile.
            votes[standing.marking] -= standing.weight
            changes.extra_weight += ballot.weight - standing.weight
        votes[ballot.marking] += ballot.weight
        changes.counted[ballot.voter_key] = Counted(ballot.ballot_id, ballot.marking, ballot.weight)
    counts: Counter[str] = Counter()
    for marking, number in votes.items():
        for key in count_keys(marking):
            counts[key] += number
    changes.counts = Counter({key: n for key, n in counts.items() if n})
    return changes
