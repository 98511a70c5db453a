"""What stands in a mail: plain text, in the language in which it was ordered."""

import re
import zoneinfo
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from polls.life import Phase

from ..models import MailMessage, MailOrder
from ..times import write_date
from .message_ids import write_message_id

Kind = MailOrder.Kind
LONGEST_SUBJECT = 150


def write_subject(order: MailOrder) -> str:
    """Return the subject, in the language that is active."""
    formats = {
        Kind.INVITATION: _("Your vote: %(title)s"),
        Kind.REMINDER: _("You can still vote: %(title)s"),
        Kind.RESULT: _("The result: %(title)s"),
    }
    # A line end would begin another header.
    title = " ".join(order.election.title.split())
    return Truncator(formats[Kind(order.kind)] % {"title": title}).chars(LONGEST_SUBJECT)


def write_body(order: MailOrder, *, name: str, code: str) -> str:
    """Return the text, in the language that is active; without a code it says to use the one before, or to sign in."""
    election = order.election
    zone = zoneinfo.ZoneInfo(election.time_zone)
    is_scheduled = election.phase(timezone.now()) == Phase.SCHEDULED
    context = {
        "name": name,
        "title": " ".join(election.title.split()),
        "sender": order.sender,
        "reply_to": order.reply_to,
        "address": order.address,
        "code": code,
        "signs_in": bool(election.providers),
        # What stands behind # is never sent to a server.
        "link": f"{order.address}#{code}",
        # A draft may open when it is published, and its page is only looked at.
        "opens": write_date(election.opens_at, zone) if is_scheduled and election.opens_at else "",
        "closes": write_date(election.closes_at, zone) if election.closes_at else "",
    }
    text = render_to_string(f"office/mail/{order.kind}.txt", context).strip() + "\n"
    # Parts that are left out leave their empty lines.
    return re.sub(r"\n{3,}", "\n\n", text)


def write_mail(message: MailMessage, *, name: str, email: str, code: str) -> EmailMessage:
    """Return a mail to one voter, as the mail server gets it."""
    order = message.order
    with translation.override(order.language):
        return EmailMessage(
            write_subject(order),
            write_body(order, name=name, code=code),
            formataddr((order.sender, settings.EMAIL_FROM), "utf-8"),
            [email],
            reply_to=[order.reply_to] if order.reply_to else None,
            headers={
                "Message-ID": write_message_id(message),
                # No absence notices, as RFC 3834 has it.
                "Auto-Submitted": "auto-generated",
            },
        )
