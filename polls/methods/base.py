"""What a voting method has to offer, and the values that pass between it and the rest.

Plurality and approval count options, score methods `key:score`, ranked ones whole rankings (`a>b>c`) or pairs
(`a>b`). All are sums of the same kind, so that counting and storing need not know which method it is.
How counts become an outcome is in `tabulation`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from types import ModuleType
from typing import Any, Protocol

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tabulation.contest import Contest, InvalidContest
from tabulation.outcome import Outcome

from ..sentences import translate


class InvalidMarking(ValueError):
    """A ballot that its method cannot accept; the message tells the voter what to do."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message


class InvalidRules(ValueError):
    """A contest that no ballot could be marked for; the message tells the organiser what to do."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class OptionOnBallot:
    """One option as it is printed on the ballot.

    `colour` is #rrggbb, and `picture` the SHA-256 of a stored picture, as hex. `translations` are other languages of
    the texts: language code -> name of the text -> text.
    """

    key: str
    label: str
    description: str = ""
    emoji: str = ""
    colour: str = ""
    picture: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    @property
    def has_look(self) -> bool:
        """Whether anything is shown beside the label."""
        return bool(self.emoji or self.colour or self.picture)


@dataclass(frozen=True)
class ContestOnBallot:
    """One question as it is printed on the ballot; `version` is that of the method's counting rule.

    `rules` are plain JSON values by name. Only the method understands them, except those that any contest can have:
    these are properties here.
    """

    key: str
    title: str
    description: str
    method: str
    version: int
    seats: int
    options: tuple[OptionOnBallot, ...]
    # Never changed, like the other fields, but a mapping has no hash.
    rules: Mapping[str, Any] = field(default_factory=dict, hash=False)
    # The groups of the roll that have this question on their paper; none means everybody.
    groups: tuple[str, ...] = ()
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(option.key for option in self.options)

    @property
    def may_be_blank(self) -> bool:
        """Whether a ballot is valid on which this contest is not marked."""
        return bool(self.rules.get("blank"))

    @property
    def is_shuffled(self) -> bool:
        """Whether each voter gets the options in an order of their own."""
        return bool(self.rules.get("random_order"))

    @cached_property
    def counting_rules(self) -> dict[str, Any]:
        """The rules that change the count; the others are about the ballot page alone."""
        return {name: value for name, value in self.rules.items() if name not in BALLOT_RULES}


# Rules of any contest, whatever the method.
BALLOT_RULES = ("blank", "random_order")


class VotingMethod(Protocol):
    """How one contest is marked, what is counted, and how counts become an outcome."""

    @property
    def name(self) -> str:
        """The name in definitions, and of the folder."""

    @property
    def version(self) -> int:
        """The version of the counting rule."""

    @property
    def label(self) -> str | Promise:
        """The name under which an organiser chooses it."""

    @property
    def count_note(self) -> str | Promise:
        """What the number beside each option is, as a sentence; "" where it is votes and their share."""

    @property
    def fills_seats(self) -> bool:
        """Whether an organiser says how many options win."""

    @property
    def nothing_chosen(self) -> str | Promise:
        """The sentence for a voter who has marked nothing on a contest that may not be left blank."""

    def rule_fields(self) -> dict[str, forms.Field]:
        """Return the form fields in which an organiser sets the rules, by the names of the rules."""

    def complete_rules(self, rules: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
        """Return rules from a form, with those that follow from `keys`, the option keys in ballot order."""

    def check(self, contest: ContestOnBallot) -> None:
        """Check seats, rules and options; raises InvalidRules."""

    def parse(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> str:
        """Turn a submitted form into a marking in canonical form, "" where nothing is marked; raises InvalidMarking.

        `values` are the values of the field that is named like the contest.
        """

    def initial(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> Any:
        """Return what the ballot template needs to show a submitted form filled in; never raises."""

    def count_keys(self, marking: str, contest: ContestOnBallot) -> Iterable[str]:
        """Return the count keys that this marking, which is not blank, raises by one each; raises InvalidMarking."""

    def invent(self, contest: ContestOnBallot, chance: Random) -> str:
        """Return a marking that somebody could make, for a preview."""

    @property
    def on_withdrawal(self) -> str | Promise:
        """What becomes of votes for an option that has withdrawn, as a sentence; "" where none can withdraw."""

    def strike(self, marking: str, option: str, contest: ContestOnBallot) -> str:
        """Return a marking without an option, "" where it marked nothing else."""

    def tabulate(self, contest: Contest, counts: Mapping[str, int]) -> Outcome:
        """Compute the outcome of `counts` (count key -> votes); raises InvalidContest or InvalidCounts."""

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Any:
        """Return what the page of an outcome has besides the standings, in the language of the moment; or None."""


class CountedByRule:
    """A method whose counting rule is a module of `tabulation`; what most methods share."""

    rule: ModuleType
    fills_seats = True
    count_note: str | Promise = ""
    on_withdrawal: str | Promise = _("Votes for it are left out; the other choices on these ballots count.")

    @property
    def name(self) -> str:
        return str(self.rule.NAME)

    @property
    def version(self) -> int:
        return int(self.rule.VERSION)

    def rule_fields(self) -> dict[str, forms.Field]:
        return {}

    def complete_rules(self, rules: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
        return rules

    def check(self, contest: ContestOnBallot) -> None:
        check_by_tabulation(self.rule.check_rules, contest)

    def strike(self, marking: str, option: str, contest: ContestOnBallot) -> str:
        # A list of options, or of scores as `option:score`.
        return ",".join(part for part in marking.split(",") if part.partition(":")[0] != option)

    def tabulate(self, contest: Contest, counts: Mapping[str, int]) -> Outcome:
        outcome: Outcome = self.rule.tabulate(contest, counts)
        return outcome

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Any:
        return None


def check_by_tabulation(check: Any, contest: ContestOnBallot) -> None:
    """Let the counting rule check a contest; raises InvalidRules with what it says."""
    try:
        check(Contest(contest.keys, contest.seats, contest.counting_rules))
    except InvalidContest as problem:
        raise InvalidRules(translate(problem.reason)) from problem
