"""Read what comes back: reports of mail servers that a mail could not be delivered (RFC 3464).

Where settings name the mailbox to which mails come back, a worker reads it by IMAP. Of that mailbox it looks at such
reports alone, and marks them as seen; everything else stays as it is.
"""

import email.policy
import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from urllib.parse import unquote, urlsplit

from django.conf import settings

from tally import store

from ..models import MailMessage
from .message_ids import read_message_id
from .words import shorten

logger = logging.getLogger(__name__)

# The advisory lock of reading; sending has (-2, 0).
BOUNCES_LOCK = (-2, 1)
# How many reports one turn reads, and how much of each: the mail that came back may be quoted whole at its end.
AT_ONCE = 100
MOST_BYTES = 100_000
PORTS = {"imap": 143, "imaps": 993}
_CODE = re.compile(r"\b[2-9A-Z]{4}(?:-[2-9A-Z]{4}){4}\b")

State = MailMessage.State


def read_bounces() -> None:
    """Take a turn, if a mailbox is set up and no other worker is at it."""
    if not settings.BOUNCES_URL:
        return
    with store.alone(*BOUNCES_LOCK) as alone:
        if alone:
            try:
                returned = _read_reports()
            except (OSError, imaplib.IMAP4.error) as error:
                logger.warning("the mailbox of bounces cannot be read, and is tried again in a minute: %s", error)
            else:
                if returned:
                    logger.info("mails: %s came back", returned)


def _read_reports() -> int:
    returned = 0
    with _open_mailbox() as mailbox:
        _status, [found] = mailbox.uid("SEARCH", "UNSEEN", "HEADER", "Content-Type", "delivery-status")
        for uid in (found or b"").decode().split()[:AT_ONCE]:
            _status, parts = mailbox.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
            for part in parts:
                if isinstance(part, tuple):
                    returned += _note(email.message_from_bytes(part[1], policy=email.policy.default))
            mailbox.uid("STORE", uid, "+FLAGS", r"(\Seen)")
    return returned


@contextmanager
def _open_mailbox() -> Iterator[imaplib.IMAP4]:
    url = urlsplit(settings.BOUNCES_URL)
    host, port = url.hostname or "", url.port or PORTS[url.scheme]
    if url.scheme == "imaps":
        context = ssl.create_default_context()
        mailbox: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=settings.EMAIL_TIMEOUT)
    else:
        mailbox = imaplib.IMAP4(host, port, timeout=settings.EMAIL_TIMEOUT)
    with mailbox:
        mailbox.login(unquote(url.username or ""), unquote(url.password or ""))
        status, said = mailbox.select(f'"{unquote(url.path.strip("/")) or "INBOX"}"')
        if status != "OK":
            raise imaplib.IMAP4.error((said[0] or b"").decode("utf-8", "replace"))
        yield mailbox


def _note(report: Message) -> bool:
    """Note that a mail came back, if the report says so of one that was sent from here."""
    failures = [block for block in _blocks(report) if str(block.get("Action", "")).strip().lower() == "failed"]
    number = next((one for one in map(read_message_id, _message_ids(report)) if one is not None), None)
    if not failures or number is None:
        return False
    reason = str(failures[0].get("Diagnostic-Code") or failures[0].get("Status") or "").partition(";")
    said = _CODE.sub("…", shorten(reason[2] or reason[0]))
    sent = MailMessage.objects.filter(pk=number, state__in=(State.SENT, State.UNSURE))
    return bool(sent.update(state=State.RETURNED, reason=said))


def _blocks(report: Message) -> Iterator[Message]:
    """Yield the fields of a report: a block for the mail, and one for each of those to whom it went."""
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from part.get_payload()  # type: ignore[misc]


def _message_ids(report: Message) -> Iterator[str]:
    """Yield the Message-ID of the mail that came back: servers quote the mail, or its headers alone."""
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            quoted = email.message_from_string(str(part.get_payload()))
        elif part.get_content_type() == "message/rfc822" and part.is_multipart():
            quoted = part.get_payload(0)  # type: ignore[assignment]
        else:
            continue
        yield str(quoted.get("Message-ID", ""))
