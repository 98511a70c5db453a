"""What stands on a voting card."""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from pages.templatetags.display import bare_address

from ..times import write_date

LONGEST_ADDRESS = 150
# Cards without their name that are listed; the rest is counted.
LISTED = 100


@dataclass(frozen=True, slots=True)
class Card:
    """One voter's card; the code is in its groups, as `7K3M-P2QX-...`."""

    code: str
    name: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """What is the same on all cards of an election; `address` is that of the ballot, with a slash at its end."""

    title: str
    address: str
    questions: tuple[str, ...]
    closes_at: dt.datetime | None
    zone: dt.tzinfo
    organisation: str = ""

    @property
    def typed_address(self) -> str:
        """The address as it is typed."""
        return bare_address(self.address)

    @property
    def until(self) -> str:
        """Until when people can vote, in words."""
        if self.closes_at is None:
            return _("Vote until the election is closed.")
        return _("Vote until %(time)s.") % {"time": write_date(self.closes_at, self.zone)}

    def link(self, card: Card) -> str:
        """Return the address that a card opens; what stands behind # is never sent to a server."""
        return f"{self.address}#{card.code}"

    def check(self) -> None:
        """Raise ValidationError if a text of the election cannot be printed."""
        if len(self.typed_address) > LONGEST_ADDRESS:
            raise ValidationError(
                _("The address %(address)s is too long for a card: it may have %(most)s characters.")
                % {"address": self.typed_address, "most": LONGEST_ADDRESS}
            )
        # Loads ReportLab, which a process that prints nothing does without.
        from ..pdf import fonts

        for text in (self.title, *self.questions, self.organisation, self.address):
            if lacking := fonts.missing(text):
                raise ValidationError(
                    _("“%(text)s” cannot be printed: the fonts have no %(characters)s. Use the table for a mail merge.")
                    % {"text": text, "characters": " ".join(lacking[:10])}
                )


@dataclass
class Printed:
    """What was printed, and the cards (from 1 on) without their name, because the fonts lack its characters."""

    cards: int = 0
    nameless: int = 0
    # The first of them: their places and their names.
    first_nameless: tuple[tuple[int, str], ...] = ()

    def name(self, card: Card) -> str:
        """Count a card, and return its name as far as it can be printed: as a whole or not at all."""
        from ..pdf import fonts

        self.cards += 1
        if not fonts.missing(card.name):
            return card.name
        self.nameless += 1
        if self.nameless <= LISTED:
            self.first_nameless += ((self.cards, card.name),)
        return _("Card %(number)s") % {"number": self.cards}
