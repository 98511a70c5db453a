"""Deleting the voters of a roll that nobody needs any more: when the protocol is signed, or when their term is over.

What is needed to check the count stays: the certified result, the turnout in numbers, the ballots without voters, and
the record. Ballots lost their voters when the result was certified.
"""

import datetime as dt
import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from polls.life import State
from polls.models import Election, Eligibility, Roll, RollEntry

from .access import Right
from .acts import Act, NotDone
from .models import ActName, MailMessage, MailOrder, RollList
from .roll_lock import wait_for_roll

logger = logging.getLogger(__name__)

# Elections whose roll nobody needs to count or to certify.
DELETABLE = (State.CERTIFIED, State.CANCELLED)
_BEING_SENT = (MailMessage.State.WAITING, MailMessage.State.SENDING)


class DeleteRoll(Act[int]):
    """Delete all voters of an election from its roll, with the mails to them; return how many they were.

    `term` is the number of days after which it is done by itself, 0 if somebody does it.
    """

    name = ActName.DELETE_ROLL
    right = Right.CERTIFY

    def __init__(self, election: Election, *, term: int = 0) -> None:
        super().__init__(election)
        self.term = term
        self.number = 0

    def change(self) -> int:
        # Before the election's, as all who take both.
        wait_for_roll(self.election)
        stored = Election.objects.select_for_update().only("state", "eligibility").get(pk=self.election.pk)
        if stored.eligibility != Eligibility.ROLL:
            raise NotDone(_("Nothing was deleted: this election has no roll."))
        if stored.state not in DELETABLE:
            raise NotDone(
                _("Nothing was deleted: the result is not certified, which may need the roll. Certify it first.")
            )
        if MailMessage.objects.filter(order__election=stored.pk, state__in=_BEING_SENT).exists():
            raise NotDone(_("Nothing was deleted: mails to these voters wait to be sent. Wait for them, or stop them."))
        entries = RollEntry.objects.filter(election=stored.pk)
        self.number = entries.count()
        if not self.number:
            raise NotDone(_("Nothing was deleted: nobody is on this roll."))
        entries.delete()
        MailOrder.objects.filter(election=stored.pk).delete()
        RollList.objects.filter(election=stored.pk).delete()
        Roll.objects.filter(pk=stored.pk).update(deleted=self.number, deleted_at=timezone.now())
        return self.number

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        told: dict[str, tuple[str | None, str | None]] = {"roll": (str(self.number), "0")}
        return told | {"term": (None, f"{self.term} days")} if self.term else told


def find_due(term: int, *, now: dt.datetime | None = None) -> QuerySet[Election]:
    """Return the elections with voters on their roll that have been certified, or cancelled, for `term` days."""
    end = (now or timezone.now()) - dt.timedelta(days=term)
    return Election.objects.filter(
        Q(state=State.CERTIFIED, certified_at__lte=end) | Q(state=State.CANCELLED, cancelled_at__lte=end),
        eligibility=Eligibility.ROLL,
        pk__in=RollEntry.objects.values("election"),
    ).order_by("pk")


def delete_due() -> None:
    """Delete the voters of all rolls whose term is over, if there is one."""
    if not settings.ROLL_RETENTION_DAYS:
        return
    for election in find_due(settings.ROLL_RETENTION_DAYS):
        try:
            with transaction.atomic():
                number = DeleteRoll(election, term=settings.ROLL_RETENTION_DAYS).perform(by=None)
        except NotDone as problem:
            logger.warning("%s: its roll is kept beyond its term: %s", election.slug, " ".join(problem.messages))
        else:
            logger.info("%s: its roll had a term, and %s voters were deleted", election.slug, number)
