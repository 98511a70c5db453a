"""What a file of ballots says, whatever its format."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, TypeAlias, TypeVar

from ..sentences import Sentence
from ..sentences import gettext_noop as _
from .sentences import InvalidFile

# What is more than this is no election, but a mistake or an attack: it is refused before it fills the memory.
MOST_VOTES = 10**15
MOST_OPTIONS = 1000
MOST_SEATS = 1000
MOST_DIFFERENT = 2_000_000
MOST_MARKS = 40_000_000
LONGEST_NAME = 500
# Different lines that are kept to know them again.
MOST_REMEMBERED = 200_000


# A line as text, or as the cells of it that matter.
_Line = TypeVar("_Line", str, tuple[str, ...])


class Kind(StrEnum):
    """What the ballots of a file have: an order of options, or a number for each."""

    RANKINGS = "rankings"
    SCORES = "scores"


# Groups of equals, the best first, as the numbers of the options from 0 on; an empty group is a rank that was skipped,
# and the last group is never empty. Approvals are a single group.
Ranking: TypeAlias = tuple[tuple[int, ...], ...]
# For each option its score, None where there is none.
Scores: TypeAlias = tuple[int | None, ...]
# A blank ballot is () in both kinds.
Marking: TypeAlias = Ranking | Scores


@dataclass(frozen=True)
class Content:
    """An election as a file has it: names in ballot order, and how many ballots have which marking.

    `withdrawn` are the numbers of options that do not stand any more; ballots still have them. `seats` is None if the
    file does not say. `lines` tells on which line a marking came first, `remarks` how the file was understood: both are
    no part of what the election is.
    """

    names: tuple[str, ...]
    kind: Kind
    ballots: Mapping[Marking, int]
    title: str = ""
    seats: int | None = None
    withdrawn: frozenset[int] = frozenset()
    lines: Mapping[Marking, int] = field(default_factory=dict, compare=False)
    remarks: tuple[Sentence, ...] = field(default=(), compare=False)

    @property
    def total(self) -> int:
        """Return the number of ballots, the blank ones too."""
        return sum(self.ballots.values())

    @property
    def blank(self) -> int:
        """Return the number of blank ballots."""
        return self.ballots.get((), 0)

    def in_order(self) -> list[tuple[Marking, int]]:
        """Return the ballots in an order that does not depend on that of the file."""
        return sorted(self.ballots.items(), key=repr)

    def rankings(self) -> Iterable[tuple[Ranking, int]]:
        """Return the ballots of a file of rankings."""
        assert self.kind is Kind.RANKINGS
        return self.ballots.items()  # type: ignore[return-value]

    def scores(self) -> Iterable[tuple[Scores, int]]:
        """Return the ballots of a file of scores."""
        assert self.kind is Kind.SCORES
        return self.ballots.items()  # type: ignore[return-value]

    def without(self, gone: Collection[int]) -> "Content":
        """Return the election as if these options, and those that have withdrawn, had never stood.

        On rankings the later options move up. A ballot with nothing else becomes blank.
        """
        gone = self.withdrawn.union(gone)
        return self.only([number for number in range(len(self.names)) if number not in gone]) if gone else self

    def only(self, order: Sequence[int]) -> "Content":
        """Return the election with the options of these numbers alone, in this order."""
        new = {old: number for number, old in enumerate(order)}
        pile = Pile()
        for marking, weight in self.ballots.items():
            pile.add(_keep(marking, new, self.kind), weight, self.lines.get(marking, 0))
        return replace(
            self,
            names=tuple(self.names[number] for number in order),
            ballots=pile.ballots,
            withdrawn=frozenset(new[number] for number in self.withdrawn if number in new),
            lines=pile.lines,
        )


class Pile:
    """Collects the ballots of a file; equal ones are kept once."""

    def __init__(self) -> None:
        self.ballots: dict[Marking, int] = {}
        self.lines: dict[Marking, int] = {}
        self._total = 0
        self._marks = 0

    def add(self, marking: Marking, weight: int, line: int) -> None:
        """Add equal ballots; raises InvalidFile where there are more than any election has."""
        self._total += weight
        if self._total > MOST_VOTES:
            raise InvalidFile(_("there are more than %(most)s ballots"), line, most=MOST_VOTES)
        if marking in self.ballots:
            self.ballots[marking] += weight
            return
        self.ballots[marking] = weight
        self.lines[marking] = line
        self._marks += len(marking)
        if len(self.ballots) > MOST_DIFFERENT or self._marks > MOST_MARKS:
            raise InvalidFile(
                _("there are more than %(most)s different ballots, or they are too long to be kept"),
                line,
                most=MOST_DIFFERENT,
            )


class Ballots(NamedTuple):
    """Equal ballots: their marking, how many they are, and the line on which they are."""

    marking: Marking
    number: int
    line: int


def read_once(
    numbered: Iterable[tuple[int, _Line]], read: Callable[[_Line, int], Sequence[Ballots] | None], pile: Pile
) -> int:
    """Put the ballots of lines on a pile, until `read` returns None; return the number of the last line.

    Most lines of a large file are like another one: they are only counted, and `read` is called once for all of them.
    """
    times: dict[_Line, int] = {}
    found: dict[_Line, Sequence[Ballots]] = {}
    number = 0
    for number, line in numbered:
        if line in times:
            times[line] += 1
            continue
        ballots = read(line, number)
        if ballots is None:
            break
        for one in ballots:
            pile.add(*one)
        if ballots and len(times) < MOST_REMEMBERED:
            times[line] = 0
            found[line] = ballots
    for line, more in times.items():
        if more:
            for marking, weight, first in found[line]:
                pile.add(marking, weight * more, first)
    return number


def _keep(marking: Marking, new: Mapping[int, int], kind: Kind) -> Marking:
    """Return a marking with the options that have a new number, and without the others."""
    if kind is Kind.SCORES:
        # A marking may end before the options do that came up later.
        return as_scores(marking[old] if old < len(marking) else None for old in new)  # type: ignore[misc]
    groups: list[tuple[int, ...]] = []
    for group in marking:
        left = tuple(new[number] for number in group if number in new)  # type: ignore[union-attr]
        # A rank that the voter has skipped stays one; that of an option that is gone does not.
        if left or not group:
            groups.append(left)
    return as_ranking(groups)


def as_ranking(groups: Iterable[Iterable[int]]) -> Ranking:
    """Return a ranking in its one form: each group in order, and no skipped ranks at the end."""
    return without_end([tuple(sorted(group)) for group in groups])


def without_end(groups: list[tuple[int, ...]]) -> Ranking:
    """Return groups that are in order each, without the skipped ranks at the end."""
    while groups and not groups[-1]:
        groups.pop()
    return tuple(groups)


def as_scores(scores: Iterable[int | None]) -> Scores:
    """Return scores in their one form: () if there are none."""
    listed = tuple(scores)
    return () if all(score is None for score in listed) else listed


def read_name(text: str, line: int | None) -> str:
    """Return a name in one Unicode form, with single spaces; raises InvalidFile."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise InvalidFile(_("a name is empty"), line)
    if len(name) > LONGEST_NAME:
        raise InvalidFile(_("a name is longer than %(most)s characters"), line, most=LONGEST_NAME)
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise InvalidFile(_("a name has a control character"), line)
    return name


def read_weight(text: str, line: int) -> int:
    """Return how many equal ballots a line stands for; raises InvalidFile."""
    if re.fullmatch(r"[0-9]+([.,]0*)?", text, re.ASCII) and len(whole := re.split("[.,]", text)[0].lstrip("0")) <= 16:
        weight = int(whole or "0")
        if 0 < weight <= MOST_VOTES:
            return weight
    if re.fullmatch(r"[0-9]*[.,][0-9]+", text, re.ASCII):
        raise InvalidFile(_("the weight %(text)s is no whole number, and only these are counted"), line, text=text[:40])
    raise InvalidFile(
        _("%(text)s is no weight of ballots: it has to be a whole number from 1 to %(most)s"),
        line,
        text=repr(text[:40]),
        most=MOST_VOTES,
    )


def read_score(text: str, line: int) -> int:
    """Return a score; raises InvalidFile if it is no whole number from 0 on."""
    if not re.fullmatch(r"[0-9]{1,9}([.,]0*)?", text, re.ASCII):
        raise InvalidFile(_("%(text)s is no score: only whole numbers from 0 on are"), line, text=repr(text[:40]))
    return int(re.split("[.,]", text)[0])


def read_option(text: str, options: int, line: int) -> int:
    """Return the option that a number from 1 on stands for; raises InvalidFile."""
    if not re.fullmatch(r"[0-9]+", text, re.ASCII):
        raise InvalidFile(_("%(text)s is no number of a candidate"), line, text=repr(text[:40]))
    if len(text) > 9 or not 1 <= int(text) <= options:
        raise InvalidFile(
            _("there is no candidate %(text)s: they have the numbers 1 to %(options)s"),
            line,
            text=text[:40],
            options=options,
        )
    return int(text) - 1


def require_once(groups: Sequence[Sequence[int]], line: int) -> None:
    """Raise InvalidFile if a ranking has an option twice."""
    ranked = [option for group in groups for option in group]
    if len(set(ranked)) < len(ranked):
        twice = next(option for option in ranked if ranked.count(option) > 1)
        raise InvalidFile(_("candidate %(option)s is ranked twice"), line, option=twice + 1)


def require_different(names: Iterable[str], lines: Iterable[int]) -> None:
    """Raise InvalidFile if two options have the same name."""
    seen: set[str] = set()
    for name, line in zip(names, lines, strict=True):
        if name in seen:
            raise InvalidFile(_("the name %(name)s is there twice"), line, name=name)
        seen.add(name)


def require_options(number: int, line: int | None) -> None:
    """Raise InvalidFile if there is no option, or there are too many."""
    if not 1 <= number <= MOST_OPTIONS:
        raise InvalidFile(
            _("there are %(number)s options, and there have to be from 1 to %(most)s"),
            line,
            number=number,
            most=MOST_OPTIONS,
        )
