"""How many ballots and votes there are, which all files have to say alike."""

from typing import NamedTuple

from .ballots import Piles
from .fates import Fates
from .paper import Paper
from .report import Report, Wrong
from .result import Result


class _Said(NamedTuple):
    place: str
    number: int
    what: str


def check_totals(
    paper: Paper,
    entries: int,
    fates: Fates | None,
    ballots: dict[str, Piles] | None,
    result: Result | None,
    report: Report,
) -> None:
    """Check that all files say the same numbers of ballots and of votes; raises Wrong.

    A contest for some groups is on fewer ballots than there are.
    """
    numbers: list[_Said] = []
    votes: list[_Said] = []
    fewer: list[tuple[list[_Said], _Said]] = []
    if fates:
        numbers.append(_Said("fates", fates.counting, "entries that count"))
    if result:
        numbers.append(_Said("certified.json", result.ballots, "ballots"))
        votes.append(_Said("certified.json", result.votes, "votes"))
    for place, contest in enumerate(paper.contests):
        own_numbers, own_votes = [], []
        if result:
            own_votes.append(_Said("certified.json", result.contests[place]["ballots"], f"votes in {contest.key}"))
        if ballots is not None:
            pile = ballots[contest.key]
            weight = sum(weight * number for (_, weight), number in pile.items())
            own_numbers.append(_Said("ballots.json", sum(pile.values()), f"ballots in {contest.key}"))
            own_votes.append(_Said("ballots.json", weight, f"votes in {contest.key}"))
        if contest.groups:
            fewer += [(numbers, one) for one in own_numbers] + [(votes, one) for one in own_votes]
        else:
            numbers += own_numbers
            votes += own_votes
    for same in (numbers, votes):
        for one in same:
            if one.number != same[0].number:
                raise _wrong(one, "", same[0])
    for more, one in fewer:
        if more and one.number > more[0].number:
            raise _wrong(one, "only ", more[0])
    for one in [*numbers, *(one for more, one in fewer if more is numbers)]:
        if one.number > entries:
            raise _wrong(one, "only ", _Said("the record", entries, "entries"))
    if len(numbers) > 1:
        report.ok(
            "numbers", f"{numbers[0].number:,} ballots in {' and '.join(dict.fromkeys(one.place for one in numbers))}"
        )
    if result and fates and result.set_aside != fates.set_aside:
        report.unchecked("set aside", f"certified.json has {result.set_aside}, and fates {fates.set_aside}: ask why")


def _wrong(one: _Said, only: str, other: _Said) -> Wrong:
    return Wrong(one.place, f"{one.number:,} {one.what}, and {other.place} has {only}{other.number:,} {other.what}")
