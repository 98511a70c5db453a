"""The office orders mails and the worker sends them, each with the rights of its role in PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from office.mail.acts import SendAgain, SendInvitations, SendReminders, StopMail
from office.models import MailMessage
from polls.models import RollEntry
from voting_site.rights.database_users import grant, users

from .conftest import order
from .test_sending import states, turn


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def play(drink) -> Iterator[Callable[[str], None]]:
    """Return a function after which this test has the rights of a role."""
    grant(users(settings.ROLE_DATABASE_URLS))
    yield lambda role: run(f"SET ROLE urna_{role}")
    run("RESET ROLE")


def work(play: Callable[[str], None]) -> None:
    """Let the worker take a turn, and go back to the office."""
    play("worker")
    turn()
    play("admin")


def test_an_invitation_that_fails_is_sent_again_and_one_that_waits_is_stopped(play, drink, inbox):
    inbox.answers["ana@example.org"] = ["550 no such user", "451 later"]
    play("admin")
    SendInvitations(drink, order(with_code=True)).perform(by=None)
    work(play)
    assert states() == {1: "failed", 2: "sent"}
    SendAgain(drink, [MailMessage.objects.get(number=1).pk]).perform(by=None)
    work(play)
    assert StopMail(drink).perform(by=None) == 1


def test_a_reminder_is_sent_and_forgotten(play, drink, inbox):
    run("RESET ROLE")
    RollEntry.objects.filter(name="ana").update(voted=True)
    play("admin")
    SendReminders(drink, order(with_code=True)).perform(by=None)
    work(play)
    assert [mail["To"] for mail in inbox.mails] == ["eva@example.org"]
    assert not MailMessage.objects.exists()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("admin", "UPDATE office_mailorder SET address = ''"),
        ("worker", "UPDATE office_mailorder SET address = ''"),
        ("worker", "UPDATE polls_rollentry SET weight = 2"),
        ("result", "SELECT 1 FROM office_mailmessage"),
    ],
)
def test_more_is_refused(play, role, statement):
    play(role)
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(statement)
