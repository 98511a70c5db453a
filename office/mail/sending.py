"""Send the mails that wait: one worker at a time, in turns, at the pace that settings have.

No mail is sent twice unless somebody asks for it. A message is `sending`, and that is committed, before the mail server
gets it. A worker that dies then leaves it so; the next one cannot know whether it went out, and marks it as unsure.

A message becomes `sending` in the transaction that makes its code. So no code is made for a message that an organiser
has stopped, and none is stopped whose code was just made: if the worker dies then, the message is unsure as well.
"""

import datetime as dt
import logging
import smtplib
import time
from collections import Counter

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from polls.models import RollEntry
from tally import store

from ..models import MailMessage, MailOrder
from .new_codes import bring_code, change_code, lock_roll
from .occasions import is_wanted
from .texts import write_mail
from .words import shorten

logger = logging.getLogger(__name__)

# The advisory lock of sending. Others that are no shard's begin with 0, -1 or -3.
SENDING_LOCK = (-2, 0)
# Seconds between two turns at least, a little less than beat's, and those after which a turn ends.
TICK_S, TURN_S = 4.5, 20.0
# How long a message waits that was refused for the moment, by the number of its attempts; then it has failed.
BACKOFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 25, 120))
# How long all wait if the mail server takes none at all.
PAUSE = dt.timedelta(minutes=1)
# The status with which a server ends the connection (RFC 5321).
SERVICE_ENDS = 421

Kind = MailOrder.Kind
State = MailMessage.State


class ServerFailed(Exception):
    """The mail server takes no mail at all at the moment; the message says why."""


def send_waiting(*, now: dt.datetime | None = None) -> None:
    """Take a turn, if it is time for one and no other worker is at it; raises Unavailable."""
    now = now or timezone.now()
    if not settings.EMAIL_HOST:
        return
    with store.alone(*SENDING_LOCK) as alone:
        if not alone:
            return
        # Nobody else sends, so that whoever had these is dead.
        if doubtful := MailMessage.objects.filter(state=State.SENDING).update(state=State.UNSURE):
            logger.warning("%s mails were perhaps sent by a worker that died; organisers decide on them", doubtful)
        interval, number = _pace()
        last = MailOrder.objects.aggregate(last=Max("turn_at"))["last"]
        if last is None or last + interval <= now:
            _take_turn(number, now)


def _pace() -> tuple[dt.timedelta, int]:
    """Return the time from one turn to the next, and how many mails are sent in one."""
    seconds = max(5.0, 60 / settings.MAILS_PER_MINUTE)
    number = max(1, round(settings.MAILS_PER_MINUTE * seconds / 60))
    return dt.timedelta(seconds=seconds - 5.0 + TICK_S), number


def _take_turn(number: int, now: dt.datetime) -> None:
    is_awake = Q(order__paused_until=None) | Q(order__paused_until__lte=now)
    due = MailMessage.objects.filter(is_awake, state=State.WAITING, due_at__lte=now)
    messages = list(due.select_related("order__election").order_by("due_at", "pk")[:number])
    if not messages:
        return
    orders = MailOrder.objects.filter(pk__in={one.order_id for one in messages})
    orders.update(turn_at=now)
    server, done = get_connection(), Counter[str]()
    end = time.monotonic() + TURN_S
    try:
        _open(server)
        for message in messages:
            done[_send(server, message, now)] += 1
            if time.monotonic() >= end:
                break
        orders.update(problem="", paused_until=None)
    except ServerFailed as failure:
        logger.warning("the mail server takes no mail, and is tried again in a minute: %s", failure)
        waiting = MailOrder.objects.filter(messages__state=State.WAITING).distinct().values("pk")
        MailOrder.objects.filter(pk__in=waiting).update(problem=str(failure), paused_until=now + PAUSE)
    finally:
        _close(server)
        logger.info("mails: %s", ", ".join(f"{n} {state}" for state, n in done.items()) or "none")


def _open(server: BaseEmailBackend) -> None:
    try:
        server.open()
    except (OSError, ValueError) as error:
        raise ServerFailed(shorten(str(error))) from error


def _close(server: BaseEmailBackend) -> None:
    try:
        server.close()
    except OSError as error:
        logger.info("the connection to the mail server did not end in order: %s", error)


def _send(server: BaseEmailBackend, message: MailMessage, now: dt.datetime) -> str:
    """Send one mail, and return what has become of it; raises ServerFailed."""
    order = message.order
    entry = RollEntry.objects.filter(election=order.election, number=message.number or 0).first()
    if entry is None or not is_wanted(order, entry, now):
        return _finish(message, State.SKIPPED)
    try:
        validate_email(entry.email)
    except ValidationError:
        return _finish(message, State.FAILED, f"{entry.email}?")
    claimed = _claim(message, entry.number)
    if claimed is None:
        return State.SKIPPED
    code, revision = claimed
    try:
        if code:
            bring_code(order.election, revision)
        mail = write_mail(message, name=entry.name, email=entry.email, code=code)
    except Exception:
        # The mail server has nothing of it yet.
        _put_back(message)
        raise
    try:
        server.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as refusal:
        [(status, said)] = refusal.recipients.values()
        return _refused(message, status, said, code, now)
    except smtplib.SMTPSenderRefused as refusal:
        _finish(message, State.WAITING)
        raise ServerFailed(_words(refusal.smtp_code, refusal.smtp_error)) from refusal
    except smtplib.SMTPResponseException as refusal:
        state = _refused(message, refusal.smtp_code, refusal.smtp_error, code, now)
        if refusal.smtp_code == SERVICE_ENDS:
            raise ServerFailed(_words(refusal.smtp_code, refusal.smtp_error)) from refusal
        return state
    except OSError as error:
        # The connection broke, and whether the server had taken the mail is not known.
        _finish(message, State.UNSURE, shorten(str(error)))
        raise ServerFailed(shorten(str(error))) from error
    return _finish(message, State.SENT)


def _claim(message: MailMessage, number: int) -> tuple[str, int] | None:
    """Take a message that still waits, and return its code and the revision of the roll with it; "" without a code.

    Returns None, and makes no code, if an organiser has stopped the message meanwhile.
    """
    order = message.order
    with transaction.atomic():
        # Before the message is locked: an import can hold the roll for long, and a stop would wait for the message.
        roll = lock_roll(order.election) if order.with_code and not order.election.providers else None
        waiting = MailMessage.objects.filter(pk=message.pk, state=State.WAITING)
        if not waiting.update(state=State.SENDING, attempts=message.attempts + 1):
            return None
        code = change_code(roll, number) if roll else ""
    message.attempts += 1
    return code, roll.revision if roll else 0


def _put_back(message: MailMessage) -> None:
    """Let a claimed message wait again, as if nobody had tried; also where another worker has thought this one dead."""
    claimed = MailMessage.objects.filter(
        pk=message.pk, attempts=message.attempts, state__in=(State.SENDING, State.UNSURE)
    )
    message.attempts -= 1
    claimed.update(state=State.WAITING, attempts=message.attempts)


def _refused(message: MailMessage, status: int, said: bytes | str, code: str, now: dt.datetime) -> str:
    """Note a refusal: one for good, or one for the moment, after which it is tried again."""
    # A server may quote what it refuses.
    reason = _words(status, said).replace(code, "…") if code else _words(status, said)
    if 400 <= status < 500 and message.attempts <= len(BACKOFF):
        return _finish(message, State.WAITING, reason, due_at=now + BACKOFF[message.attempts - 1])
    return _finish(message, State.FAILED, reason)


def _finish(message: MailMessage, state: str, reason: str = "", *, due_at: dt.datetime | None = None) -> str:
    """Store what has become of a message; also where another worker has thought this one dead."""
    row = MailMessage.objects.filter(
        pk=message.pk, attempts=message.attempts, state__in=(State.WAITING, State.SENDING, State.UNSURE)
    )
    if message.order.kind == Kind.REMINDER and state in (State.SENT, State.SKIPPED):
        if row.delete()[0]:
            counter = "sent" if state == State.SENT else "skipped"
            MailOrder.objects.filter(pk=message.order_id).update(**{counter: F(counter) + 1})
        return state
    changes = {"state": state, "reason": reason, **({"due_at": due_at} if due_at else {})}
    if message.order.kind == Kind.REMINDER and state == State.FAILED:
        changes["number"] = None
    row.update(**changes)
    return state


def _words(status: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return shorten(f"{status} {text}")
