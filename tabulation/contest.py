"""What a rule needs to know of a contest, besides the counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from .canonical_json import Json
from .draw import Draw


class InvalidContest(ValueError):
    """A contest for which no outcome can be computed; the message says what is wrong with it."""


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
            raise InvalidContest(f"an option is there twice among {', '.join(self.options)}")
        if reserved := [key for key in self.options if not key or key.startswith("-")]:
            raise InvalidContest(f"{reserved[0]!r} is no key of an option: a hyphen begins what is none, as -blank")
        if not is_whole(self.seats) or self.seats < 1:
            raise InvalidContest(f"{self.seats!r} seats cannot be filled: at least one is needed")
        if not (is_whole(self.ballots) and is_whole(self.blank)):
            raise InvalidContest(f"ballots are counted in whole numbers, not {self.ballots!r}, {self.blank!r} blank")
        if not 0 <= self.blank <= self.ballots:
            raise InvalidContest(f"{self.blank} of {self.ballots} ballots cannot be blank")
        if self.entitled is not None and not (is_whole(self.entitled) and self.entitled >= self.ballots):
            raise InvalidContest(f"{self.entitled!r} entitled voters cannot cast {self.ballots} ballots")

    @property
    def marked(self) -> int:
        """Return the ballots that are not blank."""
        return self.ballots - self.blank

    def require_rules_among(self, *names: str) -> None:
        """Raise InvalidContest if there is a rule that the method does not know."""
        if unknown := sorted(self.rules.keys() - set(names)):
            raise InvalidContest(f"there is no rule {', '.join(unknown)} here; known are {', '.join(sorted(names))}")


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number; a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)
