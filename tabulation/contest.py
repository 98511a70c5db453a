"""What a rule needs to know of a contest, besides the counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from .canonical_json import Json
from .draw import Draw
from .sentences import Sentence
from .sentences import gettext_noop as _

# What is said of the value of a rule.
NOT_AMONG = _("%(name)s is %(value)s, and has to be one of %(known)s")
NO_NUMBER = _("%(name)s is %(value)s, and has to be a whole number from 1 to %(most)d")


class InvalidContest(ValueError):
    """A contest for which no outcome can be computed; `reason` says what is wrong with it."""

    def __init__(self, template: str, **values: object) -> None:
        self.reason = Sentence(template, **values)
        super().__init__(str(self.reason))


@dataclass(frozen=True)
class Contest:
    """One question: option keys in ballot order, seats, the method's rules, what thresholds refer to, and the draw.

    All numbers are in votes: a ballot of weight 3 is three ballots here, and a voter of weight 3 is three entitled.
    `ballots` includes the `blank` ones. `entitled` is None where there is no roll. `key` names the contest in its
    election. Without a `draw` a tie stays a tie.
    Raises InvalidContest if options are repeated or have reserved keys, or if numbers contradict each other.
    """

    options: tuple[str, ...]
    seats: int = 1
    rules: Mapping[str, Json] = field(default_factory=dict)
    ballots: int = 0
    blank: int = 0
    entitled: int | None = None
    key: str = ""
    draw: Draw | None = None

    def __post_init__(self) -> None:
        if len(set(self.options)) < len(self.options):
            raise InvalidContest(_("an option is there twice among %(options)s"), options=", ".join(self.options))
        if reserved := [key for key in self.options if not key or key.startswith("-")]:
            raise InvalidContest(
                _("%(key)s is no key of an option: a hyphen begins what is none, as -blank"), key=repr(reserved[0])
            )
        if not is_whole(self.seats) or self.seats < 1:
            raise InvalidContest(_("%(seats)s seats cannot be filled: at least one is needed"), seats=repr(self.seats))
        if not (is_whole(self.ballots) and is_whole(self.blank)):
            raise InvalidContest(
                _("ballots are counted in whole numbers, not %(ballots)s, %(blank)s blank"),
                ballots=repr(self.ballots),
                blank=repr(self.blank),
            )
        if not 0 <= self.blank <= self.ballots:
            raise InvalidContest(
                _("%(blank)d of %(ballots)d ballots cannot be blank"), blank=self.blank, ballots=self.ballots
            )
        if self.entitled is not None and not (is_whole(self.entitled) and self.entitled >= self.ballots):
            raise InvalidContest(
                _("%(entitled)s entitled voters cannot cast %(ballots)d ballots"),
                entitled=repr(self.entitled),
                ballots=self.ballots,
            )

    @property
    def marked(self) -> int:
        """Return the ballots that are not blank."""
        return self.ballots - self.blank

    def require_rules_among(self, *names: str) -> None:
        """Raise InvalidContest if there is a rule that the method does not know."""
        if unknown := sorted(self.rules.keys() - set(names)):
            raise InvalidContest(
                _("there is no rule %(unknown)s here; known are %(known)s"),
                unknown=", ".join(unknown),
                known=", ".join(sorted(names)),
            )


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number; a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)
