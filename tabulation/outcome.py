"""The outcome of a contest: who wins, who ties, how each option stands, and the working that shows why."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from . import canonical_json
from .canonical_json import Json
from .ties import OpenTie, Tie


class Reason(StrEnum):
    """Why an election is decided, or why not; a rule may have reasons of its own."""

    ELECTED = "elected"
    # Fewer options have votes than there are seats: all of them are elected, and the other seats stay empty.
    SEATS_LEFT = "seats-left"
    # "None of the above" is among the winners: the seat that it wins stays empty.
    NONE_OF_THE_ABOVE = "none-of-the-above"
    TIE = "tie"
    NO_VOTES = "no-votes"


@dataclass(frozen=True)
class Standing:
    """One option: its votes, and their share of the outcome's base in tenths of a percent.

    The share is None if the option is no part of the base, or if the base is not known.
    """

    key: str
    count: int
    permille: int | None


@dataclass(frozen=True)
class Outcome:
    """The result of a rule for counts: `method` and `version` name the rule, `reason` says why it is decided or not.

    `winners` are certainly elected, in the rule's order. Options that tie are in `ties` only. `standings` are in ballot
    order, with shares of `base` votes, which is None if it is not known. `working` holds all that is needed to check
    the outcome by hand. Decided means decided by these counts: more votes may change it while people vote.
    """

    method: str
    version: int
    decided: bool
    reason: str
    winners: tuple[str, ...]
    ties: tuple[Tie, ...]
    base: int | None
    standings: tuple[Standing, ...]
    working: Mapping[str, Json]

    @property
    def open_tie(self) -> OpenTie | None:
        """Return the tie that a draw has to decide before the count can go on, None where there is none.

        A rule in rounds names it in its working; any other rule has one round.
        """
        tie: Any = self.working.get("tie")
        if tie:
            return OpenTie(tie["round"], tuple(tie["keys"]))
        return OpenTie(1, self.ties[0].keys) if self.ties else None

    def as_dict(self) -> dict[str, Json]:
        """Return the outcome as plain JSON."""
        return {
            "method": self.method,
            "version": self.version,
            "decided": self.decided,
            "reason": self.reason,
            "winners": list(self.winners),
            "ties": [{"keys": list(tie.keys), "seats": tie.seats} for tie in self.ties],
            "base": self.base,
            "standings": [asdict(standing) for standing in self.standings],
            "working": self.working,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read an outcome as `as_dict` returns it; raises ValueError if it is none."""
        try:
            return cls(
                **{
                    **fields,
                    "winners": tuple(fields["winners"]),
                    "ties": tuple(Tie(tuple(tie["keys"]), tie["seats"]) for tie in fields["ties"]),
                    "standings": tuple(
                        Standing(one["key"], one["count"], one["permille"]) for one in fields["standings"]
                    ),
                }
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"the text is no outcome: {error}") from error

    def to_json(self) -> str:
        """Write the outcome as canonical JSON: equal outcomes are equal text, byte for byte."""
        return canonical_json.write(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read an outcome as `to_json` writes it; raises ValueError if it is none, or not in canonical form."""
        outcome = cls.from_dict(json.loads(text))
        try:
            is_canonical = outcome.to_json() == text
        except TypeError as error:
            raise ValueError(f"the text is no outcome: {error}") from error
        if not is_canonical:
            raise ValueError("the text is an outcome, but not in canonical form")
        return outcome
