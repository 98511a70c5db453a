"""How a rule goes on where options tie: by the draw; and without one, what is certain whichever way it would go.

A rule that counts in rounds cannot stop at its first tie: most ties are among the last, and have no effect. So it is
counted for each way in which the ties could be broken. If all elect the same options, the outcome is decided. If not,
those are certain that are elected in every way, and the others tie.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .canonical_json import Json
from .contest import Contest
from .draw import Drawn
from .ties import Seating, Tie

# How many ways are counted at most, and how many count keys in all of them. These numbers are part of each rule: any
# machine has to come to the same outcome.
FEWEST_WAYS, MOST_WAYS = 16, 1000
MOST_KEYS = 200_000


class Undecided(Exception):
    """A tie that no draw has broken yet, in a round; `record` is what was counted before it."""

    def __init__(self, round_number: int, keys: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(keys)} tie in round {round_number}")
        self.round_number = round_number
        self.keys = keys


class TieBreaker:
    """Breaks the ties of one count: by the draw of the contest, and otherwise as `taken` has it, tie after tie."""

    def __init__(self, contest: Contest, method: str, taken: Sequence[str] = ()) -> None:
        self._contest = contest
        self._method = method
        self._taken = taken
        self.drawn: list[Drawn] = []
        self.open: list[Undecided] = []

    def order(self, round_number: int, keys: Sequence[str]) -> tuple[str, ...] | None:
        """Return tied options in the order of the draw, None without one."""
        draw = self._contest.draw
        order = draw.order(self._contest.key, self._method, round_number, keys) if draw else None
        if draw and order:
            self.drawn.append(Drawn(round_number, order, draw.name))
        return order

    def first(self, round_number: int, keys: Sequence[str], *, matters: bool = True) -> str:
        """Return the one of some tied options that comes first; raises Undecided, unless it does not matter which."""
        return self._choose(round_number, keys, place=0) if matters else keys[0]

    def last(self, round_number: int, keys: Sequence[str]) -> str:
        """Return the one of some tied options that comes last; raises Undecided."""
        return self._choose(round_number, keys, place=-1)

    def _choose(self, round_number: int, keys: Sequence[str], *, place: int) -> str:
        if len(keys) == 1:
            return keys[0]
        if order := self.order(round_number, keys):
            return order[place]
        tie = Undecided(round_number, tuple(keys))
        if len(self.open) == len(self._taken):
            raise tie
        self.open.append(tie)
        return self._taken[len(self.open) - 1]

    @property
    def working(self) -> dict[str, Json]:
        """What a rule's working says of its ties, if there are any: those that were drawn, those without effect."""
        working: dict[str, Json] = {}
        if self.drawn:
            working["draws"] = [drawn.as_dict() for drawn in self.drawn]
        if self.open:
            working["ties_without_effect"] = [{"round": tie.round_number, "keys": list(tie.keys)} for tie in self.open]
        return working


class Record:
    """What a count in rounds has found so far: who is elected, in order; who may still be; and the working's rounds."""

    def __init__(self, contest: Contest) -> None:
        self.elected: list[str] = []
        self.continuing: list[str] = list(contest.options)
        self.rounds: list[Json] = []

    @property
    def round_number(self) -> int:
        """The number of the round that is counted now, from 1 on."""
        return len(self.rounds) + 1

    def elect(self, key: str) -> None:
        """Give the next seat to an option."""
        self.elected.append(key)
        self.continuing.remove(key)

    def exclude(self, key: str) -> None:
        """Take an option out of the count."""
        self.continuing.remove(key)


class Counted(NamedTuple):
    """The end of a count in rounds; `record` ends before the first tie that matters, if there is one."""

    record: Record
    seating: Seating
    working: dict[str, Json]


def count_in_rounds(
    contest: Contest,
    method: str,
    count: Callable[[Record, TieBreaker], None],
    *,
    keys: int,
    ways_meet: bool = False,
) -> Counted:
    """Count a contest by `count`, which fills the record, in each way in which open ties could be broken.

    If there are too many ways for so many count keys as `keys` says, all who are in the count at the first tie are said
    to tie. `ways_meet` says that a round depends on nothing but who is elected.
    """
    most_ways = max(FEWEST_WAYS, min(MOST_WAYS, MOST_KEYS // max(keys, 1)))
    met: set[tuple[frozenset[str], tuple[str, ...]]] = set()
    first: tuple[Record, TieBreaker] | None = None
    stopped: Counted | None = None
    ends: list[list[str]] = []
    ways: list[tuple[str, ...]] = [()]
    runs = 0
    while ways and runs < most_ways:
        runs += 1
        taken = ways.pop()
        record, breaker = Record(contest), TieBreaker(contest, method, taken)
        try:
            count(record, breaker)
        except Undecided as undecided:
            stopped = stopped or _stop(contest, record, breaker, undecided)
            # Two ways meet where the same options are elected, and the same ties of this round were broken.
            pairs = zip(breaker.open, taken, strict=True)
            in_round = tuple(key for tie, key in pairs if tie.round_number == record.round_number)
            state = (frozenset(record.elected), in_round)
            if not (ways_meet and state in met):
                met.add(state)
                ways += [(*taken, key) for key in reversed(undecided.keys)]
        else:
            first = first or (record, breaker)
            ends.append(record.elected)
    certain = set.intersection(*map(set, ends)) if ends and not ways else set()
    if first and not ways and all(set(end) == certain for end in ends):
        record, breaker = first
        return Counted(record, Seating(tuple(record.elected), None), breaker.working)
    assert stopped
    if ways:
        return stopped
    elected = tuple(key for key in ends[0] if key in certain)
    possible = set().union(*ends) - certain
    tie = Tie(tuple(key for key in contest.options if key in possible), contest.seats - len(elected))
    return stopped._replace(seating=Seating(elected, tie))


def _stop(contest: Contest, record: Record, breaker: TieBreaker, tie: Undecided) -> Counted:
    """Return what is known at the first tie: who is elected before it; all who are still in the count tie."""
    left = tuple(key for key in contest.options if key in record.continuing)
    working = breaker.working | {"tie": {"round": tie.round_number, "keys": list(tie.keys)}}
    seating = Seating(tuple(record.elected), Tie(left, contest.seats - len(record.elected)))
    return Counted(record, seating, working)
