"""How a result is told: what a method's page has besides the standings, and the words that all methods share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tabulation.outcome import Outcome

from .base import ContestOnBallot
from .option_fields import labels_of

# Votes are parts of one where they are transferred; so many decimals are shown, and the rest is cut off.
DECIMALS = 5


class Cell(NamedTuple):
    """A cell of a table; `kind` is a word for the style sheet."""

    text: str
    kind: str = ""


class Row(NamedTuple):
    head: str
    cells: Sequence[Cell]


class Table(NamedTuple):
    caption: str
    head: Sequence[str]
    rows: Sequence[Row]


class Figure(NamedTuple):
    """What a template draws as SVG; `label` says it to those who do not see it."""

    template: str
    label: str
    drawn: Any


@dataclass(frozen=True)
class Told:
    """The working of an outcome, as sentences, figures and tables; `rule` says which rule was applied."""

    rule: str
    ballots: int
    sentences: Sequence[str]
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    notes: Sequence[str] = ()


class Teller:
    """The words for one contest: its options by their labels, its numbers as the language writes them."""

    def __init__(self, contest: ContestOnBallot, outcome: Outcome) -> None:
        self.labels = labels_of(contest)
        self.outcome = outcome
        self.working: dict[str, Any] = dict(outcome.working)
        self.scale: int = self.working.get("scale", 1)

    def names(self, keys: Iterable[str]) -> str:
        """Return the labels of options as one text."""
        return enumerate_texts([self.labels[key] for key in keys])

    def number(self, votes: int, decimals: int = DECIMALS) -> str:
        """Write votes, which are counted in parts of `scale`."""
        return write_number(votes, self.scale, decimals)

    def votes(self, votes: int) -> str:
        """Write votes with the word for them."""
        word = ngettext("%(number)s vote", "%(number)s votes", 1 if votes == self.scale else 2)
        return word % {"number": self.number(votes)}

    def told(self, rule: str, sentences: Iterable[str], **more: Any) -> Told:
        """Return the working with what is to say of its ties."""
        ballots = int(self.working["ballots"])
        return Told(rule, ballots, [*sentences, *self._ties()], **more)

    def _ties(self) -> list[str]:
        """Say which options tie, what broke their ties, and which ties have no effect."""
        told = []
        for drawn in self.working.get("draws", []):
            equal = [key for key in self.labels if key in drawn["order"]]
            if drawn["by"] == "lot":
                sentence = _(
                    "Round %(number)d: %(options)s were equal. A lot drawn in public gave the order: %(order)s."
                )
            else:
                sentence = _(
                    "Round %(number)d: %(options)s were equal. The draw from the secret that was fixed beforehand gave "
                    "the order: %(order)s."
                )
            order = ", ".join(self.labels[key] for key in drawn["order"])
            told.append(sentence % {"number": drawn["round"], "options": self.names(equal), "order": order})
        for tie in self.working.get("ties_without_effect", []):
            told.append(
                _("Round %(number)d: %(options)s were equal. Whichever of them comes first, the same are elected.")
                % {"number": tie["round"], "options": self.names(tie["keys"])}
            )
        if tie := self.working.get("tie"):
            told.append(
                _("Round %(number)d: %(options)s are equal, and the rule has nothing more to tell them apart.")
                % {"number": tie["round"], "options": self.names(tie["keys"])}
            )
        for keys, seats in self.outcome.ties:
            told.append(
                ngettext(
                    "%(options)s tie for the last seat. Only a draw can decide between them.",
                    "%(options)s tie for the last %(seats)d seats. Only a draw can decide between them.",
                    seats,
                )
                % {"options": self.names(keys), "seats": seats}
            )
        return told


def tell_draws(contest: ContestOnBallot, outcome: Outcome, rule: str) -> Told | None:
    """Return what broke the ties of a method whose counting needs no words; None where nothing was drawn."""
    return Teller(contest, outcome).told(rule, ()) if outcome.working.get("draws") else None


def enumerate_texts(texts: Sequence[str]) -> str:
    """Return texts as one: “Ana, Bea and Carlo”."""
    if len(texts) < 2:
        return "".join(texts)
    return _("%(first)s and %(last)s") % {"first": ", ".join(texts[:-1]), "last": texts[-1]}


def write_number(number: int, scale: int = 1, decimals: int = DECIMALS) -> str:
    """Write a number of parts of `scale`, with as many decimals as it needs up to `decimals`."""
    cut = (Decimal(number) / scale).quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN).normalize()
    needed = max(-int(cut.as_tuple().exponent), 0)
    return str(floatformat(cut, f"{needed}g"))


def no_votes() -> str:
    """Say that nothing was counted yet."""
    return _("No ballot has marked an option yet.")
