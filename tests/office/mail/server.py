"""A real mail server for tests, and what arrives there."""

import email.policy
import re
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from voting_site.local.ports import free_port

CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){4}")


class Inbox:
    """Takes every mail, unless `answers` has another answer for an address; calls `on_mail` before it says yes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: dict[str, list[str]] = {}
        self.at_data: dict[str, str] = {}
        self.on_mail: Callable[[], None] = lambda: None
        self.has_one = threading.Event()
        self.port = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, _options: Any) -> str:
        if self.answers.get(to):
            return self.answers[to].pop(0)
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail: Any = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if refusal := self.at_data.get(envelope.rcpt_tos[0]):
            return refusal.format(code=code_in(mail))
        self.mails.append(mail)
        self.on_mail()
        self.has_one.set()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address."""
        return [mail for mail in self.mails if mail["To"] == address]


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content())


def code_in(mail: EmailMessage) -> str:
    """Return the code in a mail, which stands there twice: in the link and by itself."""
    [code] = set(CODE.findall(text_of(mail)))
    return str(code)


def serve(inbox: Inbox) -> Controller:
    """Start a server for an inbox on a free port; stop it with its `stop()`."""
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    inbox.port = controller.port
    return controller
