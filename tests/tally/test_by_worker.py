"""Publishing without the right to voter secrets: a worker brings the election to the box, and the office waits."""

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from polls import ballot_box, by_worker, publishing
from polls.delivery import Arrival
from polls.models import Election, VoterSecret
from polls.publishing import cancel_election, publish_election
from tally.healing import deliver_election, keep_box
from tally.lifecycle import close_election
from tests.conftest import beside, open_now
from voting_site.celery import app
from voting_site.roles import ROLES

QUEUE = "urna:celery:celery-acts"


@pytest.fixture
def drink(make_election: Callable[..., Election], settings) -> Election:
    """An election that opens in an hour, for an office that has no worker yet."""
    election = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
    settings.ROLE = ROLES["admin"]
    return election


@pytest.fixture
def worker(monkeypatch) -> None:
    """A worker that does at once what it is asked for."""
    monkeypatch.setattr(by_worker, "ask_for_delivery", lambda pk: beside(partial(deliver_election, pk)))


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(by_worker, "PATIENCE_S", 0.1)


def retitle(election: Election) -> publishing.Publication:
    election.title = "Beer?"
    election.save()
    return publish_election(election)


def test_is_published_when_the_office_says_so(drink, worker):
    before = VoterSecret.objects.get(election=drink).value
    assert retitle(drink).arrival is Arrival.TAKEN
    standing = ballot_box.read_definition("drink")[0]
    assert (standing.title, standing.voter_secret) == ("Beer?", before)
    assert drink.in_force == standing.design


def test_an_edit_that_the_box_refuses_is_taken_back_and_told(drink, worker, monkeypatch):
    open_now(drink)
    # It has opened between the office's own look and the worker's.
    monkeypatch.setattr(publishing, "_refuse_what_has_begun", lambda election: None)
    assert retitle(drink).arrival is Arrival.REFUSED
    drink.refresh_from_db()
    assert (drink.title, drink.refused_edit["title"]) == ("drink?", "Beer?")
    assert cancel_election(drink).arrival is Arrival.REFUSED


def test_waits_no_longer_than_it_says_for_a_worker_and_arrives_once_there_is_one(drink, impatient, redis):
    began = time.monotonic()
    publication = retitle(drink)
    # By itself it would wait for 4 s.
    assert time.monotonic() - began < 3
    assert (publication.arrival, publication.worker_is_silent) == (Arrival.WAITING, True)
    assert ballot_box.read_definition("drink")[0].title == "drink?"
    # What the worker finds in its queue when it starts is the name of one of its tasks, and enough for it.
    [message] = redis.lrange(QUEUE, 0, -1)
    content = json.loads(message)
    app.loader.import_default_modules()
    app.tasks[content["headers"]["task"]](*json.loads(base64.b64decode(content["body"]))[0])
    assert ballot_box.read_definition("drink")[0].title == "Beer?"


def test_arrives_without_its_message_as_well(drink, impatient, redis):
    retitle(drink)
    redis.delete(QUEUE)
    keep_box()
    assert ballot_box.read_definition("drink")[0].title == "Beer?"


def test_does_not_wait_for_a_worker_while_the_box_is_away(drink, unreachable_redis, monkeypatch):
    monkeypatch.setattr(by_worker, "PATIENCE_S", 60)
    publication = retitle(drink)
    assert (publication.arrival, publication.worker_is_silent) == (Arrival.WAITING, False)


def test_closing_waits_for_no_worker(make_election, settings, monkeypatch):
    drink = make_election()
    settings.ROLE = ROLES["admin"]
    monkeypatch.setattr(by_worker, "PATIENCE_S", 60)
    assert close_election(drink).sealed
    assert drink.sealed_at


def test_workers_that_publish_at_the_same_moment_give_one_secret(drink):
    VoterSecret.objects.all().delete()
    found = [beside(partial(deliver_election, drink.pk)) for _ in range(4)]
    for one in found:
        one.result(10)
    keep_box()
    assert len(VoterSecret.objects.get(election=drink).value) == 64


def test_a_definition_that_was_read_without_its_secret_derives_nothing(drink):
    with pytest.raises(ValueError, match="without its voter secret"):
        publishing.Definition.of(drink).derive("visitor")
