"""The count of a file: its options with their keys, the result, and a second one without those who withdrew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tabulation.contest import Contest
from tabulation.draw import Draw
from tabulation.files import counting
from tabulation.files.content import Content
from tabulation.files.formats import Found
from tabulation.outcome import Outcome
from tabulation.sentences import Sentence

from ..labels import fold, make_key
from ..methods import ContestOnBallot, OptionOnBallot


class Unknown(ValueError):
    """The name of an option that is not there, or not only once."""


@dataclass(frozen=True)
class Result:
    """One result, and `withdrawn`, the names of those it was counted without."""

    contest: Contest
    outcome: Outcome
    remarks: Sequence[Sentence]
    labels: Mapping[str, str]
    withdrawn: Sequence[str]

    @property
    def on_ballot(self) -> ContestOnBallot:
        """The contest as the methods tell its result."""
        options = tuple(OptionOnBallot(key, label) for key, label in self.labels.items())
        return ContestOnBallot(
            self.contest.key, "", "", self.outcome.method, self.outcome.version, self.contest.seats, options,
            self.contest.rules,
        )  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How a file is counted; without `seats` those of the file are filled."""

    method: str
    seats: int | None
    rules: Mapping[str, Any]
    draw: Draw | None
    contest: str


def make_keys(names: Sequence[str]) -> list[str]:
    """Return a key for each name, made as for the options of an election."""
    keys: list[str] = []
    for name in names:
        keys.append(make_key(name, keys))
    return keys


def find_options(content: Content, wanted: Sequence[str]) -> list[int]:
    """Return the options of these names or keys; raises Unknown."""
    keys = make_keys(content.names)
    found = []
    for name in wanted:
        fitting = [
            option
            for option, (key, own) in enumerate(zip(keys, content.names, strict=True))
            if key == name or fold(own) == fold(name)
        ]
        if len(fitting) != 1:
            there = ", ".join(content.names)
            raise Unknown(
                _("There is no option %(name)s, or more than one. There are: %(names)s.")
                % {"name": name, "names": there if len(there) < 500 else f"{there[:500]} …"}
            )
        found += fitting
    return found


def count(found: Found, rule: Rule, gone: Sequence[int] = ()) -> Result:
    """Count a file without some options; raises InvalidFile and InvalidContest."""
    content = found.content
    keys = make_keys(content.names)
    out = content.withdrawn.union(gone)
    stay = [option for option in range(len(content.names)) if option not in out]
    labels = {keys[option]: content.names[option] for option in stay}
    counted = counting.count(
        content.without(gone),
        rule.method,
        keys=list(labels),
        seats=rule.seats,
        rules=rule.rules,
        draw=rule.draw,
        contest=rule.contest,
    )
    return Result(
        counted.contest, counted.outcome, counted.remarks, labels, [content.names[option] for option in sorted(out)]
    )
