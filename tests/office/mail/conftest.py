"""A mail server, and an election whose voters have addresses."""

from collections.abc import Iterator
from typing import Any

import pytest

from office.acts import Publish
from office.models import MailOrder
from office.roll_acts import AddEntry
from polls.models import Election
from tally.healing import keep_box

from .server import Inbox, serve


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    """What arrives at the mail server that is set up."""
    inbox = Inbox()
    controller = serve(inbox)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", inbox.port
    settings.EMAIL_USE_TLS, settings.EMAIL_FROM = False, "votes@choir.example"
    yield inbox
    controller.stop()


@pytest.fixture
def drink(transactional_db: None, redis: Any) -> Election:
    """An open election with ana and eva, who have addresses, and bob, who has none, on its roll."""
    election = Election.objects.create(slug="drink", title="Drink?", eligibility="roll")
    made = election.contests.create(key="q1")
    for position, key in enumerate(("nesquik", "cola-cao")):
        made.options.create(key=key, label=key, position=position)
    for name in ("ana", "eva", "bob"):
        email = f"{name}@example.org" if name != "bob" else ""
        AddEntry(election, {"name": name, "email": email}).perform(by=None)
    Publish(election).perform(by=None)
    keep_box()
    election.refresh_from_db()
    return election


def order(**changes: Any) -> MailOrder:
    """Return what the form of an order makes."""
    values = {"language": "en", "sender": "Choir", "address": "https://vote.example/drink/"}
    return MailOrder(**(values | changes))
