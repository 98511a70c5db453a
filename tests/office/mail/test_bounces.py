"""Mails that come back, read from a real IMAP server."""

import imaplib
import logging
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import pytest

from office.mail.acts import SendAgain, SendReminders
from office.mail.bounces import read_bounces
from office.mail.message_ids import read_message_id, write_message_id
from office.models import MailMessage
from tests.voting_site.processes import run, wait_until
from voting_site.local.ports import free_port

from .conftest import order
from .server import code_in
from .test_sending import invite, states, turn

pytestmark = pytest.mark.large

SAID = "smtp; 550 5.1.1 <ana@example.org>: user unknown"


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Iterator[imaplib.IMAP4]:
    """The mailbox of bounces on a server of its own, as somebody sees it who reads mail there."""
    port = free_port()
    program = [str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(port)]
    user = ["dict", "--demo-user", "votes", "--demo-password", "p@ss:word"]
    with (tmp_path / "imap.log").open("wb") as log:
        server = subprocess.Popen([*program, *user], stdout=log, stderr=log)
    try:
        wait_until(lambda: connects(port), "the IMAP server")
        settings.BOUNCES_URL = f"imap://votes:p%40ss%3Aword@127.0.0.1:{port}/INBOX"
        with imaplib.IMAP4("127.0.0.1", port) as mailbox:
            mailbox.login("votes", "p@ss:word")
            mailbox.select()
            yield mailbox
    finally:
        server.terminate()
        server.wait(10)


def connects(port: int) -> bool:
    try:
        imaplib.IMAP4("127.0.0.1", port).logout()
    except OSError:
        return False
    return True


def report(mail: EmailMessage, *, action: str = "failed", said: str = SAID, headers_alone: bool = False) -> Message:
    """Return what a mail server sends about a mail that it could not deliver, as RFC 3464 has it."""
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"], whole["To"], whole["Subject"] = "MAILER-DAEMON@example.org", "votes@choir.example", "Undelivered"
    whole.attach(MIMEText("I'm sorry to have to inform you that your message could not be delivered."))
    status = Message()
    status.set_type("message/delivery-status")
    of_mail, of_recipient = Message(), Message()
    of_mail["Reporting-MTA"] = "dns; mx.example.org"
    of_recipient["Final-Recipient"] = f"rfc822; {mail['To']}"
    of_recipient["Action"], of_recipient["Status"], of_recipient["Diagnostic-Code"] = action, "5.1.1", said
    status.set_payload([of_mail, of_recipient])
    whole.attach(status)
    if headers_alone:
        quoted = MIMEText("".join(f"{name}: {value}\n" for name, value in mail.items()), "rfc822-headers")
        whole.attach(quoted)
    else:
        whole.attach(MIMEMessage(mail))
    return whole


def deliver(mailbox: imaplib.IMAP4, *mails: Message) -> None:
    for mail in mails:
        status, _said = mailbox.append("INBOX", None, None, mail.as_bytes())  # type: ignore[arg-type]
        assert status == "OK"


def unseen(mailbox: imaplib.IMAP4) -> int:
    mailbox.noop()
    return len(mailbox.search(None, "UNSEEN")[1][0].split())


class TestReport:
    @pytest.mark.parametrize("headers_alone", [False, True], ids=["the whole mail", "its headers"])
    def test_that_quotes_a_mail_says_who_did_not_get_it(self, drink, inbox, mailbox, headers_alone):
        invite(drink)
        turn()
        [mail] = inbox.to("ana@example.org")
        deliver(mailbox, report(mail, headers_alone=headers_alone))
        read_bounces()
        assert states() == {1: "returned", 2: "sent"}
        assert MailMessage.objects.get(number=1).reason == "550 5.1.1 <ana@example.org>: user unknown"
        assert unseen(mailbox) == 0

    def test_lets_the_organiser_send_again_with_another_message_id(self, drink, inbox, mailbox):
        """Readers of mail show one of two with the same Message-ID."""
        invite(drink)
        turn()
        [first] = inbox.to("ana@example.org")
        deliver(mailbox, report(first))
        read_bounces()
        assert SendAgain(drink, [MailMessage.objects.get(number=1).pk]).perform(by=None) == 1
        turn()
        [_first, second] = inbox.to("ana@example.org")
        assert first["Message-ID"] != second["Message-ID"]
        assert read_message_id(first["Message-ID"]) == read_message_id(second["Message-ID"])
        assert code_in(first) != code_in(second)

    def test_of_a_delay_is_no_bounce(self, drink, inbox, mailbox):
        invite(drink)
        turn()
        deliver(mailbox, report(inbox.to("ana@example.org")[0], action="delayed"))
        read_bounces()
        assert states() == {1: "sent", 2: "sent"}
        assert unseen(mailbox) == 0

    def test_that_quotes_a_code_is_stored_without_it(self, drink, inbox, mailbox):
        invite(drink)
        turn()
        [mail] = inbox.to("ana@example.org")
        deliver(mailbox, report(mail, said=f"smtp; 554 looks like spam: {code_in(mail)}"))
        read_bounces()
        assert MailMessage.objects.get(number=1).reason == "554 looks like spam: …"

    def test_of_a_reminder_names_nobody(self, drink, inbox, mailbox):
        SendReminders(drink, order()).perform(by=None)
        turn()
        deliver(mailbox, report(inbox.to("ana@example.org")[0]))
        read_bounces()
        assert states() == {}

    @pytest.mark.parametrize(
        "message_id",
        ["<urna.{pk}.00000000.forged@choir.example>", "<other@choir.example>", "", "<urna.x@y>"],
    )
    def test_of_a_mail_that_was_not_sent_from_here_changes_nothing(self, drink, inbox, mailbox, message_id):
        invite(drink)
        turn()
        [mail] = inbox.to("ana@example.org")
        mail.replace_header("Message-ID", message_id.format(pk=MailMessage.objects.get(number=1).pk))
        deliver(mailbox, report(mail))
        read_bounces()
        assert states() == {1: "sent", 2: "sent"}


class TestMailbox:
    def test_keeps_everything_else_as_it_was(self, drink, inbox, mailbox):
        question = MIMEText("When does it close?")
        question["Subject"] = "Question"
        deliver(mailbox, question)
        read_bounces()
        assert unseen(mailbox) == 1

    def test_is_read_once_each(self, drink, inbox, mailbox):
        invite(drink)
        turn()
        deliver(mailbox, report(inbox.to("ana@example.org")[0]))
        read_bounces()
        MailMessage.objects.update(state="sent")
        read_bounces()
        assert states() == {1: "sent", 2: "sent"}

    def test_with_rubbish_is_read_to_its_end(self, drink, inbox, mailbox):
        invite(drink)
        turn()
        broken = MIMEText("\0\xff no report at all")
        broken.replace_header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="none"')
        deliver(mailbox, broken, report(inbox.to("ana@example.org")[0]))
        read_bounces()
        assert states() == {1: "returned", 2: "sent"}

    @pytest.mark.parametrize("url", ["imap://votes:wrong@127.0.0.1:{port}/", "imap://votes:p%40ss%3Aword@127.0.0.1:9/"])
    def test_that_cannot_be_read_is_told_without_the_password(self, transactional_db, mailbox, settings, caplog, url):
        port = settings.BOUNCES_URL.rpartition(":")[2].partition("/")[0]
        settings.BOUNCES_URL = url.format(port=port)
        with caplog.at_level(logging.WARNING, "office.mail.bounces"):
            read_bounces()
        [record] = caplog.records
        assert record.getMessage().startswith("the mailbox of bounces cannot be read, and is tried again in a minute")
        assert "wrong" not in caplog.text
        assert "p%40ss" not in caplog.text

    def test_is_not_read_where_none_is_set_up(self, transactional_db, settings, caplog):
        assert settings.BOUNCES_URL == ""
        read_bounces()
        assert caplog.records == []

    @pytest.mark.parametrize("url", ["pop3://a:b@example.org", "imaps://", "example.org"])
    def test_has_to_be_written_as_an_address(self, url):
        result = run("check", BOUNCES_URL=url)
        assert result.returncode != 0
        assert "BOUNCES_URL has to be written as imaps://USER:PASSWORD@HOST/MAILBOX." in result.stderr


def test_a_message_id_is_good_for_its_own_message_alone(settings):
    settings.EMAIL_FROM = "votes@choir.example"
    text = write_message_id(MailMessage(pk=12))
    assert text.startswith("<urna.12.")
    assert text.endswith("@choir.example>")
    assert read_message_id(text) == 12
    assert read_message_id(text.replace("urna.12.", "urna.13.")) is None
