"""Kiosks: devices in a polling place that an operator opens and ends (polls/kiosk/).

They are part of what is published, so that `vote` knows them without a database, and a healed ballot box does too.
"""

import datetime as dt
from abc import abstractmethod
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from polls.definition import milliseconds
from polls.life import Phase, State
from polls.models import Election, Eligibility
from polls.publishing import Publication, offer_revision
from polls.roll import codes

from .access import Right
from .acts import Act, NotDone
from .models import ActName

# For as long a device can become the kiosk by its code.
CODE_LASTS = dt.timedelta(minutes=15)
LONGEST_KIOSK_NAME = 60
# Of one election, ended ones included: `vote` reads the others with each page.
MOST_KIOSKS = 500


def may_have_kiosks(election: Election, now: dt.datetime) -> bool:
    """Tell whether kiosks can be opened: voters with codes come, or will come."""
    is_published = election.state == State.PUBLISHED and election.phase(now) in (Phase.OPEN, Phase.SCHEDULED)
    return is_published and election.eligibility == Eligibility.ROLL and not election.providers


def live_kiosks(election: Election) -> list[dict[str, Any]]:
    """Return the kiosks of an election that are not ended."""
    return [one for one in election.kiosks if not one["ended"]]


class KioskAct(Act[Publication]):
    """Something that is done with the kiosks of an election, and published at once."""

    right = Right.RUN

    def __init__(self, election: Election) -> None:
        super().__init__(election)
        self.told: dict[str, tuple[str | None, str | None]] = {}

    def change(self) -> Publication:
        stored = Election.objects.select_for_update().get(pk=self.election.pk)
        self.alter(stored)
        self.election.kiosks = stored.kiosks
        return offer_revision(self.election, stored, ["kiosks"])

    @abstractmethod
    def alter(self, election: Election) -> None:
        """Change the kiosks of an election, whose row is locked; raises NotDone."""

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return self.told


class OpenKiosk(KioskAct):
    """Let a device become a kiosk: it gets there by `code`, which is shown once, within a quarter of an hour."""

    name = ActName.OPEN_KIOSK
    number: int
    code: str

    def __init__(self, election: Election, name: str = "") -> None:
        super().__init__(election)
        self.kiosk_name = " ".join(name.split())[:LONGEST_KIOSK_NAME]

    def alter(self, election: Election) -> None:
        now = timezone.now()
        if not may_have_kiosks(election, now):
            raise NotDone(_("Not opened: a kiosk needs an election whose voters have codes, published and not over."))
        if len(election.kiosks) >= MOST_KIOSKS:
            raise NotDone(
                _("Not opened: this election has had %(most)d kiosks, and can have no more.") % {"most": MOST_KIOSKS}
            )
        self.number, self.code = len(election.kiosks) + 1, codes.make()
        election.kiosks = [
            *election.kiosks,
            {
                "number": self.number,
                "name": self.kiosk_name,
                "code": codes.hash_code(election.pk, codes.read(self.code)),
                "until": milliseconds(now + CODE_LASTS),
                "ended": False,
            },
        ]
        self.told[f"kiosk {self.number}"] = (None, self.kiosk_name or "opened")


class EndKiosk(KioskAct):
    """End a kiosk: its device asks for no card any more. A ballot that is being filled in there may still be cast."""

    name = ActName.END_KIOSK

    def __init__(self, election: Election, number: int) -> None:
        super().__init__(election)
        self.number = number

    def alter(self, election: Election) -> None:
        ended = next((one for one in live_kiosks(election) if one["number"] == self.number), None)
        if ended is None:
            raise NotDone(_("This kiosk is ended already."))
        election.kiosks = [one | {"ended": True} if one is ended else one for one in election.kiosks]
        self.told[f"kiosk {self.number}"] = (ended["name"] or "opened", None)
