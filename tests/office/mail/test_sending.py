"""Mail goes out once each, with a code that is kept nowhere, whatever refuses it and whoever dies."""

import logging
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from office.acts import NotDone
from office.mail import new_codes, sending
from office.mail.acts import SendAgain, SendInvitations, SendReminders, SendResult, StopMail
from office.mail.sending import send_waiting
from office.models import MailMessage, MailOrder
from office.roll_acts import StrikeEntry
from polls.ballot_box import Unavailable
from polls.models import Election, RollEntry
from polls.roll.lookup import find_voter
from tally.lifecycle import close_election, turn_phases
from tally.rolls import ROLL_LOCK
from tests.polls.roll.people import define, vote

from .conftest import order
from .server import Inbox, code_in, text_of

PROJECT = Path(__file__).resolve().parents[3]
State = MailMessage.State


def invite(election: Election, **changes: Any) -> int:
    return SendInvitations(election, order(with_code=True, **changes)).perform(by=None)


def turn(minutes: float = 0) -> None:
    """Let the worker take a turn, so many minutes from now, however short the last one is ago."""
    MailOrder.objects.update(turn_at=None)
    send_waiting(now=timezone.now() + timezone.timedelta(minutes=minutes, seconds=1))


def states() -> dict[int | None, str]:
    return dict(MailMessage.objects.values_list("number", "state"))


class TestInvitation:
    def test_brings_each_voter_who_has_an_address_a_code_that_opens_the_ballot(self, drink, inbox):
        before = RollEntry.objects.get(name="ana").code_hash
        assert invite(drink) == 2
        turn()
        assert {mail["To"] for mail in inbox.mails} == {"ana@example.org", "eva@example.org"}
        [mail] = inbox.to("ana@example.org")
        voter = find_voter(define(drink), code_in(mail))
        assert voter is not None
        assert voter.visitor == "roll:1"
        assert f"https://vote.example/drink/#{code_in(mail)}" in text_of(mail)
        assert RollEntry.objects.get(name="ana").code_hash != before
        assert states() == {1: "sent", 2: "sent"}

    def test_is_plain_text_in_the_language_of_the_order(self, drink, inbox):
        invite(drink, language="es", reply_to="mia@choir.example")
        turn()
        mail = inbox.mails[0]
        assert mail.get_content_type() == "text/plain"
        assert mail["Subject"] == "Su voto: Drink?"
        assert str(mail["From"]) == "Choir <votes@choir.example>"
        assert mail["Reply-To"] == "mia@choir.example"
        assert mail["Message-ID"].endswith("@choir.example>")
        assert "Hola, ana:" in text_of(mail)
        assert "mia@choir.example" in text_of(mail)

    def test_says_from_when_and_until_when_in_the_zone_of_the_election(self, drink, inbox):
        closes = timezone.now() + timezone.timedelta(days=2)
        Election.objects.update(closes_at=closes, time_zone="Atlantic/Canary")
        invite(drink)
        turn()
        assert "Atlantic/Canary" in text_of(inbox.mails[0])
        assert "Vote until" in text_of(inbox.mails[0])

    def test_leaves_no_code_in_a_log_or_in_a_table(self, drink, inbox, caplog):
        caplog.set_level(logging.DEBUG)
        inbox.at_data["eva@example.org"] = "554 5.7.1 spam: {code}"
        invite(drink)
        turn()
        codes = [code_in(mail) for mail in inbox.mails]
        assert len(codes) == 1
        stored = "\n".join(read_all_tables())
        assert "spam: …" in stored
        # What the mail server of the tests writes is not Urna's.
        logged = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("mail."))
        assert "1 sent, 1 failed" in logged
        for written in (stored, logged):
            assert codes[0] not in written
            assert codes[0].replace("-", "") not in written
        assert not MailMessage.objects.filter(reason__regex=r"[2-9A-Z]{4}-[2-9A-Z]{4}").exists()

    def test_goes_to_nobody_twice_who_orders_it_again(self, drink, inbox):
        invite(drink)
        turn()
        with pytest.raises(Exception, match="nobody on the roll"):
            invite(drink)
        turn()
        assert len(inbox.mails) == 2

    def test_is_left_out_for_who_is_struck_meanwhile_and_once_the_election_is_over(self, drink, inbox):
        invite(drink)
        StrikeEntry(RollEntry.objects.select_related("election").get(name="ana"), reason="left").perform(by=None)
        close_election(drink)
        turn()
        assert inbox.mails == []
        assert states() == {1: "skipped", 2: "skipped"}

    def test_that_waits_can_be_stopped(self, drink, inbox):
        invite(drink)
        assert StopMail(drink).perform(by=None) == 2
        turn()
        assert inbox.mails == []
        assert invite(drink) == 2

    def test_that_is_stopped_after_a_try_with_a_code_stays_as_not_sent(self, drink, inbox):
        inbox.answers["ana@example.org"] = ["451 later"]
        invite(drink)
        turn()
        assert states() == {1: "waiting", 2: "sent"}
        stop = StopMail(drink)
        assert (stop.perform(by=None), stop.tried) == (1, 1)
        assert states() == {1: "failed", 2: "sent"}
        assert MailMessage.objects.get(number=1).reason.startswith("451 ")
        # There is nothing more to stop, and nothing is sent.
        with pytest.raises(NotDone, match="no mail waits"):
            StopMail(drink).perform(by=None)
        SendAgain(drink, [MailMessage.objects.get(number=1).pk]).perform(by=None)
        turn()
        assert states() == {1: "sent", 2: "sent"}

    def test_that_is_stopped_while_others_are_sent_leaves_its_voter_the_code(self, drink, inbox, monkeypatch):
        invite(drink)
        before = RollEntry.objects.get(name="eva")
        finish = sending._finish

        def stop_rest(*arguments: Any, **more: Any) -> str:
            StopMail(drink).perform(by=None)
            return finish(*arguments, **more)

        monkeypatch.setattr(sending, "_finish", stop_rest)
        turn()
        assert [mail["To"] for mail in inbox.mails] == ["ana@example.org"]
        assert states() == {1: "sent"}
        after = RollEntry.objects.get(name="eva")
        assert (after.code_hash, after.issue, after.revision) == (before.code_hash, before.issue, before.revision)

    def test_waits_without_an_attempt_while_the_roll_does_not_reach_the_ballot_box(self, drink, inbox, monkeypatch):
        invite(drink)
        with monkeypatch.context() as patch, another_session() as another:
            patch.setattr(new_codes, "PATIENCE_S", 0)
            another.execute("SELECT pg_advisory_lock(%s, %s)", [ROLL_LOCK, drink.pk])
            with pytest.raises(Unavailable, match="another worker is writing the roll"):
                turn()
        assert set(MailMessage.objects.values_list("state", "attempts")) == {("waiting", 0)}
        turn()
        assert set(MailMessage.objects.values_list("state", "attempts")) == {("sent", 1)}
        assert find_voter(define(drink), code_in(inbox.to("ana@example.org")[0])) is not None


class TestRefusals:
    def test_for_good_are_kept_with_their_reason_and_sent_again_when_asked(self, drink, inbox):
        inbox.answers["ana@example.org"] = ["550 5.1.1 no such user"]
        invite(drink)
        turn()
        row = MailMessage.objects.get(number=1)
        assert (row.state, row.reason) == ("failed", "550 5.1.1 no such user")
        turn(60)
        assert inbox.to("ana@example.org") == []
        assert SendAgain(drink, [row.pk]).perform(by=None) == 1
        turn()
        assert len(inbox.to("ana@example.org")) == 1

    def test_for_the_moment_are_tried_again_later_and_later_and_then_no_more(self, drink, inbox):
        inbox.answers["ana@example.org"] = ["451 4.7.1 later"] * 9
        invite(drink)
        minutes = [0, 1, 6, 31, 151]
        for tried, minute in enumerate(minutes, start=1):
            turn(minute)
            assert MailMessage.objects.get(number=1).attempts == tried
            # Not before it is due.
            turn(minute + 0.5)
            assert MailMessage.objects.get(number=1).attempts == tried
        assert MailMessage.objects.get(number=1).state == "failed"
        assert len(inbox.to("eva@example.org")) == 1

    def test_by_a_server_that_is_down_use_no_attempt_up(self, drink, inbox, settings):
        invite(drink)
        settings.EMAIL_PORT = 9
        turn()
        assert states() == {1: "waiting", 2: "waiting"}
        assert "refused" in MailOrder.objects.get().problem
        settings.EMAIL_PORT = inbox.port
        turn()
        assert inbox.mails == []
        turn(1)
        assert len(inbox.mails) == 2
        assert MailOrder.objects.get().problem == ""

    def test_of_a_sender_are_no_fault_of_the_addresses(self, drink, inbox, settings, monkeypatch):
        async def refuse(*_arguments: Any) -> str:
            return "553 5.7.1 not your address"

        monkeypatch.setattr(Inbox, "handle_MAIL", refuse, raising=False)
        invite(drink)
        turn()
        assert states() == {1: "waiting", 2: "waiting"}
        assert "not your address" in MailOrder.objects.get().problem


class TestPace:
    def test_is_that_of_the_settings(self, drink, inbox, settings):
        settings.MAILS_PER_MINUTE = 12
        now = timezone.now() + timezone.timedelta(seconds=1)
        invite(drink)
        sent = []
        for second in (0, 1, 5, 10):
            send_waiting(now=now + timezone.timedelta(seconds=second))
            sent.append(len(inbox.mails))
        assert sent == [1, 1, 2, 2]


class TestDeath:
    def test_before_the_mail_leaves_it_waiting(self, drink, inbox, monkeypatch):
        def die(*_arguments: Any, **_more: Any) -> None:
            raise SystemExit

        invite(drink)
        with monkeypatch.context() as patch:
            patch.setattr(sending, "change_code", die)
            with pytest.raises(SystemExit):
                turn()
        turn()
        assert len(inbox.mails) == 2

    def test_behind_its_code_is_shown_as_the_code_before_is_void(self, drink, inbox, monkeypatch):
        def die(*_arguments: Any, **_more: Any) -> None:
            raise SystemExit

        invite(drink)
        with monkeypatch.context() as patch:
            patch.setattr(sending, "bring_code", die)
            with pytest.raises(SystemExit):
                turn()
        # No stop takes it off the list, though no mail went out.
        assert StopMail(drink).perform(by=None) == 1
        turn()
        assert states() == {1: "unsure"}

    def test_after_the_servers_yes_is_shown_and_never_repeated_by_itself(self, drink, inbox, monkeypatch):
        def die(*_arguments: Any, **_more: Any) -> None:
            raise SystemExit

        invite(drink)
        with monkeypatch.context() as patch:
            patch.setattr(sending, "_finish", die)
            with pytest.raises(SystemExit):
                turn()
        assert len(inbox.mails) == 1
        turn()
        turn()
        assert states() == {1: "unsure", 2: "sent"}
        assert len(inbox.to("ana@example.org")) == 1
        SendAgain(drink, [MailMessage.objects.get(number=1).pk]).perform(by=None)
        turn()
        first, second = map(code_in, inbox.to("ana@example.org"))
        assert find_voter(define(drink), first) is None
        assert find_voter(define(drink), second) is not None

    def test_by_sigkill_while_the_server_says_yes_sends_nothing_twice(self, drink, inbox):
        invite(drink)
        with worker(inbox) as process:
            inbox.on_mail = lambda: os.kill(process.pid, signal.SIGKILL)
            process.wait(60)
        inbox.on_mail = lambda: None
        assert len(inbox.mails) == 1
        turn()
        assert sorted(states().values()) == ["sent", "unsure"]
        assert [len(inbox.to(f"{name}@example.org")) for name in ("ana", "eva")] == [1, 1]

    def test_of_a_connection_in_the_middle_is_in_doubt(self, drink, inbox, monkeypatch):
        def drop(*_arguments: Any) -> None:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

        invite(drink)
        with monkeypatch.context() as patch:
            patch.setattr(smtplib.SMTP, "data", drop)
            turn()
        assert sorted(states().values()) == ["unsure", "waiting"]

    def test_that_was_none_tells_what_it_knows(self, drink, inbox, monkeypatch):
        invite(drink)
        finish = sending._finish

        def doubt_first(message: MailMessage, *rest: Any, **more: Any) -> Any:
            # Another worker took this one for dead, because its connection to PostgreSQL was gone for a moment.
            MailMessage.objects.filter(state=State.SENDING).update(state=State.UNSURE)
            return finish(message, *rest, **more)

        monkeypatch.setattr(sending, "_finish", doubt_first)
        turn()
        assert states() == {1: "sent", 2: "sent"}


def worker(inbox: Inbox) -> "subprocess.Popen[bytes]":
    """Start a process that takes one turn."""
    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"]
    base, slash, _old = url.partition("?")[0].rpartition("/")
    environment = os.environ | {
        "DATABASE_URL": f"{base}{slash}{name}" + (f"?{url.partition('?')[2]}" if "?" in url else ""),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(inbox.port),
        "EMAIL_SECURITY": "off",
        "EMAIL_FROM": "votes@choir.example",
        "DJANGO_SETTINGS_MODULE": "voting_site.settings",
    }
    program = "import django; django.setup(); from office.mail.sending import send_waiting; send_waiting()"
    return subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, env=environment)


@contextmanager
def another_session() -> Iterator[Any]:
    """Yield a cursor of a second session in PostgreSQL, which ends with the block and gives its locks back."""
    another = connection.copy()
    try:
        with another.cursor() as cursor:
            yield cursor
    finally:
        another.close()


def read_all_tables() -> list[str]:
    """Return each row of each table as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row::text FROM "{table}" AS row')
            rows += [row for (row,) in cursor.fetchall()]
    return rows


class TestReminder:
    def test_goes_to_who_has_not_voted_and_is_forgotten(self, drink, inbox):
        vote(drink, "ana")
        RollEntry.objects.filter(name="ana").update(voted=True)
        assert SendReminders(drink, order()).perform(by=None) == 1
        turn()
        [mail] = inbox.mails
        assert mail["To"] == "eva@example.org"
        assert "#" not in text_of(mail)
        assert not MailMessage.objects.exists()
        assert MailOrder.objects.get().sent == 1
        # The next one goes to whoever has not voted then.
        assert SendReminders(drink, order()).perform(by=None) == 1

    def test_is_left_out_for_who_votes_before_it_is_sent(self, drink, inbox):
        SendReminders(drink, order()).perform(by=None)
        RollEntry.objects.filter(name="ana").update(voted=True)
        turn()
        assert [mail["To"] for mail in inbox.mails] == ["eva@example.org"]
        assert (MailOrder.objects.get().sent, MailOrder.objects.get().skipped) == (1, 1)

    def test_that_fails_does_not_say_to_whom_it_was(self, drink, inbox):
        inbox.answers["ana@example.org"] = ["550 no such user"]
        SendReminders(drink, order()).perform(by=None)
        turn()
        assert states() == {None: "failed"}

    def test_brings_a_new_code_where_that_was_ordered(self, drink, inbox):
        SendReminders(drink, order(with_code=True)).perform(by=None)
        turn()
        assert find_voter(define(drink), code_in(inbox.to("eva@example.org")[0])) is not None


class TestResult:
    def test_goes_out_once_it_is_final(self, drink, inbox):
        with pytest.raises(Exception, match="not final"):
            SendResult(drink, order()).perform(by=None)
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        assert SendResult(drink, order(address="https://results.example/drink/")).perform(by=None) == 2
        turn()
        assert len(inbox.mails) == 2
        assert "https://results.example/drink/" in text_of(inbox.mails[0])


def test_without_a_mail_server_nothing_is_ordered(drink, settings):
    settings.EMAIL_HOST = ""
    with pytest.raises(Exception, match="sends no mail"):
        invite(drink)
    assert not MailOrder.objects.exists()
