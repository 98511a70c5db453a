"""The Message-ID of a mail: it says to this server which message came back, and nobody else can make one up."""

import re
import secrets

from django.conf import settings
from django.core import signing

from ..models import MailMessage

_signer = signing.Signer(salt="office.mail.message_ids", sep=".")
_ID = re.compile(r"<urna\.(\d{1,18}\.[0-9a-f]{8}\.[\w-]+)@")


def write_message_id(message: MailMessage) -> str:
    """Return a new Message-ID; one that is sent again has another, or readers of mail would show it once."""
    signed = _signer.sign(f"{message.pk}.{secrets.token_hex(4)}")
    return f"<urna.{signed}@{settings.EMAIL_FROM.rpartition('@')[2]}>"


def read_message_id(text: str) -> int | None:
    """Return the number of the message that a Message-ID names, None where it was not made here."""
    if not (found := _ID.match(text.strip())):
        return None
    try:
        return int(_signer.unsign(found[1]).partition(".")[0])
    except signing.BadSignature:
        return None
