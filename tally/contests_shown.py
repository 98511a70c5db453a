"""The outcomes of a paper's contests as snapshots have them; the worker writes them once, for everybody who looks."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from polls import methods
from polls.design import Paper
from polls.methods import ContestOnBallot, OptionOnBallot
from tabulation.outcome import Outcome

from .withdrawals import Recounted, without

if TYPE_CHECKING:
    from .outcomes import ContestOutcome


def write_json(value: Any) -> str:
    """Write JSON without white space, as UTF-8 can hold it."""
    return orjson.dumps(value).decode()


@dataclass(frozen=True)
class StandingShown:
    """One option as the results show it.

    `share` is from 0 to 1, as exact as a float is, for programs; `permille` is what pages show of it, 0 to 1000. Both
    are None where the method gives the option no share.
    """

    key: str
    label: str
    count: int
    share: float | None
    permille: int | None
    on_ballot: OptionOnBallot

    def as_dict(self) -> dict[str, Any]:
        """Return the option as the contract has it."""
        return {
            "key": self.key, "label": self.label, "count": self.count, "share": self.share, "permille": self.permille,
        }  # fmt: skip


@dataclass(frozen=True)
class ContestShown:
    """One contest as the results show it: what voters see of it, and its outcome."""

    contest: ContestOnBallot
    title: str
    ballots: int
    blank: int
    # None where there is no roll, and where the worker has not counted it yet.
    entitled: int | None
    outcome: Outcome
    # Who drew its lots, and where.
    notes: tuple[str, ...] = ()
    recounted: "RecountShown | None" = None

    @cached_property
    def options(self) -> list[StandingShown]:
        """Return the options in ballot order."""
        options = {option.key: option for option in self.contest.options}
        shown = []
        for one in self.outcome.standings:
            share = None if one.permille is None else one.count / (self.outcome.base or 1)
            option = options[one.key]
            shown.append(StandingShown(one.key, option.label, one.count, share, one.permille, option))
        return shown

    @property
    def winners(self) -> list[str]:
        """Return the keys of the options that have a seat for sure; who ties for the last is not among them."""
        return list(self.outcome.winners)

    @property
    def result_template(self) -> str:
        """Return the template in which the method shows its outcome."""
        return f"polls/methods/{self.contest.method}/result.html"

    @property
    def count_note(self) -> Any:
        """Return the sentence that says what the number beside each option is, "" where it is votes."""
        return methods.get(self.contest.method).count_note

    def tell(self) -> Any:
        """Return what the method's page has besides the standings; not kept, since it has words of one language."""
        return methods.get(self.contest.method).tell(self.contest, self.outcome)

    @cached_property
    def tied(self) -> list[str]:
        """Return the keys of the options that tie for the last seats."""
        return [key for tie in self.outcome.ties for key in tie.keys]

    def as_dict(self) -> dict[str, Any]:
        """Return the contest as the contract has it."""
        return {
            "key": self.contest.key,
            "title": self.title,
            "method": self.contest.method,
            "seats": self.contest.seats,
            "ballots": self.ballots,
            "blank": self.blank,
            "entitled": self.entitled,
            "options": [one.as_dict() for one in self.options],
            "winners": self.winners,
            "tied": self.tied,
            "reason": self.outcome.reason,
            "working": self.outcome.working,
            **({"lots": list(self.notes)} if self.notes else {}),
            **({"recounted": self.recounted.as_dict()} if self.recounted else {}),
        }


@dataclass(frozen=True)
class RecountShown:
    """The second result of a contest, without options that have withdrawn: each by its label, with the reason."""

    without: dict[str, str]
    shown: ContestShown

    @property
    def on_withdrawal(self) -> Any:
        """Return the sentence that says what becomes of votes for them."""
        return methods.get(self.shown.contest.method).on_withdrawal

    def as_dict(self) -> dict[str, Any]:
        """Return the second result as the contract has it."""
        return self.shown.as_dict() | {"without": self.without}


def show_contests(paper: Paper, outcomes: Iterable["ContestOutcome"]) -> list[ContestShown]:
    """Return the contests of a paper, each with its outcome."""
    by_key = {one.key: one for one in outcomes}
    shown = []
    for contest in paper.contests:
        one = by_key[contest.key]
        title = contest.title or paper.title
        recounted = _show_recount(contest, title, one, one.recounted) if one.recounted else None
        shown.append(
            ContestShown(contest, title, one.ballots, one.blank, one.entitled, one.outcome, one.notes, recounted)
        )
    return shown


def _show_recount(contest: ContestOnBallot, title: str, first: "ContestOutcome", recounted: Recounted) -> RecountShown:
    labels = {option.key: option.label for option in contest.options}
    reasons = zip(recounted.without, recounted.reasons, strict=True)
    left = without(contest, set(recounted.without))
    return RecountShown(
        {labels[key]: reason for key, reason in reasons},
        ContestShown(left, title, first.ballots, recounted.blank, first.entitled, recounted.outcome),
    )
