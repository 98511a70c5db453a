"""What organisers do with mail: each is an act with its line in the log, which names numbers of entries alone."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from polls.models import Election, Eligibility, RollEntry

from ..access import Right, may
from ..acts import Act, NotDone
from ..models import ActName, MailMessage, MailOrder
from .occasions import has_occasion, has_shown_result, is_wanted, takes_votes

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser

Kind, State = MailOrder.Kind, MailMessage.State

# Whoever has a mail of this kind gets no second one. One that was left out may be of use now.
_RECIPIENTS = """
    FROM polls_rollentry AS entry
    WHERE entry.election_id = %(election)s AND entry.struck_at IS NULL AND entry.email <> ''
        AND (%(kind)s <> 'reminder' OR NOT entry.voted)
        AND NOT EXISTS (
            SELECT FROM office_mailmessage AS message JOIN office_mailorder AS earlier ON earlier.id = message.order_id
            WHERE earlier.election_id = entry.election_id AND earlier.kind = %(kind)s
                AND message.number = entry.number AND message.state <> 'skipped'
        )
"""


def count_recipients(election: Election, kind: str) -> int:
    """Return to how many people on the roll a mail of this kind would go now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_RECIPIENTS}", {"election": election.pk, "kind": kind})
        [(number,)] = cursor.fetchall()
    return int(number)


def require_mail(election: Election) -> None:
    """Raise NotDone where no mail can be sent at all."""
    if not settings.EMAIL_HOST:
        raise NotDone(_("Not done: this server sends no mail. Ask whoever runs it to set up a mail server."))
    if election.eligibility != Eligibility.ROLL:
        raise NotDone(_("Not done: this election has no roll, and so nobody's address."))


class OrderMail(Act[int]):
    """Order mails to those on the roll who have an address and no mail of this kind yet; return how many."""

    kind: ClassVar[str]
    right = Right.RUN

    def __init__(self, election: Election, order: MailOrder) -> None:
        """`order` has language, sender, address and what else its form says; it is stored by the act."""
        super().__init__(election)
        self.order = order
        self.number = 0

    def is_allowed(self, user: "User") -> bool:
        # A new code voids the one before, which is a change of the roll.
        return super().is_allowed(user) and (not self.order.with_code or may(user, Right.WRITE, self.election))

    def change(self) -> int:
        # Two who order at the same time take turns.
        stored = Election.objects.select_for_update().get(pk=self.election.pk)
        require_mail(stored)
        self.require_time(stored)
        self.order.election, self.order.kind = stored, self.kind
        self.order.save()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO office_mailmessage (order_id, number, state, attempts, reason)"
                f" SELECT %(order)s, entry.number, 'waiting', 0, '' {_RECIPIENTS} ORDER BY entry.number",
                {"order": self.order.pk, "election": stored.pk, "kind": self.kind},
            )
            self.number = cursor.rowcount
        if not self.number:
            raise NotDone(_("Nothing was sent: nobody on the roll with an e-mail address is left for such a mail."))
        return self.number

    @abstractmethod
    def require_time(self, election: Election) -> None:
        """Raise NotDone if the election is not so far, or too far."""

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        codes: dict[str, tuple[str | None, str | None]] = {"new codes": (None, "True")} if self.order.with_code else {}
        return {"mails": (None, str(self.number)), **codes}


class _WhileVoting(OrderMail):
    def require_time(self, election: Election) -> None:
        if not takes_votes(election, timezone.now()):
            raise NotDone(_("Not sent: such a mail goes out from the publication of an election until its close."))


class SendInvitations(_WhileVoting):
    """Mail each voter a new code."""

    name = ActName.SEND_INVITATIONS
    kind = Kind.INVITATION


class SendReminders(_WhileVoting):
    """Remind those who have not voted."""

    name = ActName.SEND_REMINDERS
    kind = Kind.REMINDER


class SendResult(OrderMail):
    """Tell everybody on the roll where the result is."""

    name = ActName.SEND_RESULT
    kind = Kind.RESULT

    def require_time(self, election: Election) -> None:
        if not has_shown_result(election):
            raise NotDone(_("Not sent: the result is not final, or not released."))


class SendAgain(Act[int]):
    """Send mails again that have failed, or were perhaps sent already; return how many.

    Those that the worker would leave out stay as they are, and `left_out` says how many.
    """

    name = ActName.SEND_AGAIN

    def __init__(self, election: Election, messages: Sequence[int]) -> None:
        super().__init__(election)
        self.messages = messages
        self.number = self.left_out = 0

    def change(self) -> int:
        require_mail(self.election)
        now = timezone.now()
        # Of these rows alone: the office may not lock orders. A failed reminder does not say any more to whom it was.
        chosen = (
            MailMessage.objects.select_for_update(of=("self",))
            .select_related("order__election")
            .filter(order__election=self.election, pk__in=self.messages, state__in=MailMessage.STUCK)
            .exclude(number=None)
            .order_by("pk")
        )
        rows = list(chosen)
        if not rows:
            raise NotDone(_("Nothing was sent again: choose at least one mail that has failed, or was perhaps sent."))
        entries = RollEntry.objects.filter(election=self.election, number__in=[row.number for row in rows])
        by_number = {entry.number: entry for entry in entries}
        wanted = [row for row in rows if (entry := by_number.get(row.number or 0)) and is_wanted(row.order, entry, now)]
        if not wanted:
            raise NotDone(_say_why_none(rows, now))
        for row in wanted:
            row.state, row.attempts, row.due_at, row.reason = State.WAITING, 0, now, ""
            row.save(update_fields=["state", "attempts", "due_at", "reason"])
        self.number, self.left_out = len(wanted), len(rows) - len(wanted)
        return self.number

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {"mails": (None, str(self.number))}


def _say_why_none(rows: Sequence[MailMessage], now: dt.datetime) -> list[str]:
    """Say why none of these mails is sent again, and what to do; not which voter has voted or was struck."""
    late = {row.order.kind for row in rows if not has_occasion(row.order, now)}
    reasons = []
    if late - {Kind.RESULT}:
        reasons.append(
            _(
                "Nothing was sent again: nobody can vote any more, so that invitations and reminders are of no use. "
                "There is nothing to do; the list keeps them."
            )
        )
    if Kind.RESULT in late:
        reasons.append(_("Not sent: the result is not final, or not released."))
    if {row.order.kind for row in rows} - late:
        reasons.append(
            _(
                "Nothing was sent again: the voters were struck off the roll, have no e-mail address on it, or have "
                "voted and need no reminder. If an address is missing, add it on the roll first."
            )
        )
    return reasons


class StopMail(Act[int]):
    """Take back the mails that wait; return how many. They can be ordered anew.

    Those in `tried` were tried with a new code: their voters' cards are void. They become "not sent", so that somebody
    sees them.
    """

    name = ActName.STOP_MAIL
    right = Right.RUN
    number = tried = 0

    def change(self) -> int:
        waiting = MailMessage.objects.filter(order__election=self.election, state=State.WAITING)
        if not self.election.providers:
            with_code = waiting.filter(order__with_code=True, attempts__gt=0)
            # As where the mail server refuses it for good: a reminder tells nobody who has not voted.
            reminders = with_code.filter(order__kind=Kind.REMINDER).update(state=State.FAILED, number=None)
            self.tried = reminders + with_code.update(state=State.FAILED)
        self.number = self.tried + waiting.delete()[0]
        if not self.number:
            raise NotDone(_("Nothing was stopped: no mail waits."))
        return self.number

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {"mails": (str(self.number), "0")}


ORDERS: dict[str, type[OrderMail]] = {act.kind: act for act in (SendInvitations, SendReminders, SendResult)}
