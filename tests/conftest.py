"""Fixtures on the real PostgreSQL and Valkey that plugin.py started."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone, translation
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from polls import ballot_box, ballots
from polls.ballot_box import Reply, offer
from polls.definition import Definition, milliseconds, moment
from polls.delivery import with_secrets
from polls.design import hash_paper
from polls.methods import ContestOnBallot, OptionOnBallot
from polls.models import Contest, Election
from polls.publishing import publish_election
from polls.voters import Voter, shard_of
from tally import outcomes
from tally.healing import keep_box
from telemetry import throttled_log

from .between import (
    known_addresses,
    known_static_files,
    loop_allowed,
    no_connection_without_database,
    quick_flush,
)
from .browsers import all_visitors, chromium, visitor, visitors

__all__ = [
    "all_visitors",
    "chromium",
    "known_addresses",
    "known_static_files",
    "no_connection_without_database",
    "quick_flush",
    "visitor",
    "visitors",
]

# A machine that runs many tests at once may stop any of them for a while.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

EPOCH = "e0"


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash passwords at once: the real hash takes a third of a second, which is its purpose."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _swallowed_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test when code logged an exception and went on, unless the test says that it expects that."""
    yield
    if request.node.get_closest_marker("expects_logged_exceptions"):
        return
    # A suspicious request is refused by Django, which notes the exception that says why.
    logged = [one for one in caplog.get_records("call") if one.exc_info and not one.name.startswith("django.security")]
    assert not logged, f"swallowed: {[one.getMessage() for one in logged]}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin with an empty database, also with one (--reuse-db) that a run has left which was ended in a test."""
    if request.config.getoption("reuse_db"):
        with django_db_blocker.unblock():
            call_command("flush", interactive=False, verbosity=0)
    yield
    with django_db_blocker.unblock(), loop_allowed(), connection.cursor() as cursor:
        # A page that a browser has just left may still be answered; the database could not be dropped then.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def forget_definitions() -> None:
    """Let the ballot box be read anew: what this process remembers would be of a moment before."""
    ballot_box.reading._remembered.clear()
    ballot_box.reading._addresses = (float("-inf"), {})


@pytest.fixture(autouse=True)
def redis() -> Any:
    """The emptied Valkey of this test run."""
    client = ballot_box.connection.client()
    client.flushall()
    if settings.BALLOT_BOX_CLUSTER:
        ballot_box.connection.ordinary_client().flushall()
    forget_definitions()
    return client


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Let no test go on in the language in which another one was answered; an answer's language stays on its thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _restless_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every round make its outcome, however slow this machine is at the moment."""
    monkeypatch.setattr(outcomes, "REST", 0)


@pytest.fixture(autouse=True)
def _each_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test find its line missing because another one has had a line of that kind a moment before."""
    monkeypatch.setattr(throttled_log, "_said", {})
    monkeypatch.setattr(throttled_log, "_left_out", {})


# A Redis that is not there.
NOWHERE = Redis(port=9, socket_timeout=0.2, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))


def use_client(patch: pytest.MonkeyPatch, client: Redis) -> None:
    """Let the ballot box go by another client."""
    patch.setattr(ballot_box.connection, "client", lambda: client)
    patch.setattr(settings, "BALLOT_BOX_CLUSTER", None)


@pytest.fixture
def unreachable_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the ballot box be out of reach from here on."""
    with monkeypatch.context() as patch:
        use_client(patch, NOWHERE)
        # Scripts remember the client that they were registered with.
        ballot_box.connection.script.cache_clear()
        yield
    ballot_box.connection.script.cache_clear()


@pytest.fixture
def box(redis: Any) -> Any:
    """A ballot box with an epoch, and nothing in it."""
    redis.set(ballot_box.EPOCH, EPOCH)
    return redis


@pytest.fixture
def define(box: Any) -> Callable[..., Definition]:
    """Return a function that publishes a definition to Redis alone, as `vote` sees it."""

    def publish(method: str = "plurality", rules: dict[str, Any] | None = None, **changes: Any) -> Definition:
        now = ballot_box.read_definitions()[1]
        definition = replace(
            Definition(
                election=1,
                revision=1,
                slug="drink",
                title="Nesquik or Cola Cao?",
                description="",
                votes_final=False,
                contests=(contest(method=method, rules=rules or {}),),
                opens_at=now - 1000,
                closes_at=None,
                time_zone="Europe/Madrid",
                shards=1,
                voter_secret="ab" * 32,
                sealed=False,
                archived=False,
                design="",
            ),
            **changes,
        )
        if "design" not in changes:
            definition = replace(definition, design=design_of(definition))
        # Also over what has begun: a test is about what follows.
        offer([definition], EPOCH, mode="restore")
        return definition

    return publish


def contest(key: str = "q1", options: tuple[str, ...] = ("nesquik", "cola-cao"), **changes: Any) -> ContestOnBallot:
    """Make a contest as it is printed on the ballot."""
    labels = tuple(OptionOnBallot(one, one.replace("-", " ").title()) for one in options)
    whole = ContestOnBallot(key, "", "", "plurality", 1, 1, labels)
    return replace(whole, **changes)


def design_of(definition: Definition) -> str:
    """Return the design that a definition has once it is published."""
    return hash_paper(definition.paper.write())


@pytest.fixture
def make_election(transactional_db: None, redis: Any) -> Callable[..., Election]:
    """Return a function that makes and publishes an election, in PostgreSQL and in Redis."""

    def make(
        slug: str = "drink",
        options: tuple[str, ...] = ("nesquik", "cola-cao"),
        method: str = "plurality",
        rules: dict[str, Any] | None = None,
        contests: int = 1,
        **fields: Any,
    ) -> Election:
        fields.setdefault("opens_at", timezone.now() - timezone.timedelta(minutes=1))
        election = Election.objects.create(slug=slug, title=f"{slug}?", **fields)
        for number in range(contests):
            title = f"Question {number + 1}" if contests > 1 else ""
            values = {"title": title, "method": method, "rules": rules or {}, "position": number}
            made = Contest.objects.create(election=election, key=f"q{number + 1}", **values)
            for position, key in enumerate(options):
                made.options.create(key=key, label=key.title(), position=position)
        publish_election(election)
        keep_box()
        return election

    return make


@pytest.fixture
def cast() -> Callable[..., Reply]:
    """Return a function that casts a ballot past the web pages."""

    def put(
        election: Election | Definition, voter: str, marking: str, ballot_id: UUID | None = None, **changes: Any
    ) -> Reply:
        marking = marking if "=" in marking else f"q1={marking}"
        definition = Definition.of(election) if isinstance(election, Election) else election
        if not definition.voter_secret:
            [definition] = with_secrets([definition])
        who = voter_of(definition, voter)
        ballot_id = ballot_id or fresh_ballot_id(definition, who)
        # Each voter at home: what limits those of one network is for its own tests.
        arguments = {"marking": marking, "design": definition.design, "network": voter} | changes
        return ballot_box.cast(definition, voter=who, ballot_id=ballot_id, **arguments)

    return put


def fresh_ballot_id(definition: Definition, voter: Voter) -> UUID:
    """Make a ballot id as the form of this voter would have it."""
    now = ballot_box.read_definitions()[1]
    mark = ballot_box.read_mark(definition, voter)
    return ballots.new_ballot_id(now, after=mark.ballot_id if mark else None)


def voter_of(definition: Definition, name: str) -> Voter:
    """Make a voter from a short name."""
    key = voter_key(name)
    return Voter(name, key, shard_of(key, definition.shards))


def voter_key(name: str) -> str:
    """Make a well-formed voter key from a short name."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()[:16]).rstrip(b"=").decode()


def beside(function: Callable[[], Any]) -> Future[Any]:
    """Run a function in a thread, with a connection of its own, while the test goes on; return what becomes of it."""

    def run_and_close() -> Any:
        try:
            return function()
        finally:
            connection.close()

    thread = ThreadPoolExecutor(1)
    future = thread.submit(run_and_close)
    thread.shutdown(wait=False)
    return future


def open_now(election: Election) -> None:
    """Let the time have come: the opening is past, for the box and for PostgreSQL."""
    past = milliseconds(timezone.now()) - 1000
    for shard in range(election.shards):
        ballot_box.connection.client().hset(ballot_box.key(election.pk, shard, "rules"), "opens", past)
    # The definition is what PostgreSQL gets back.
    definition = replace(ballot_box.read_definition(election.slug)[0], opens_at=past)
    ballot_box.connection.client().hset(ballot_box.DEFINITIONS, election.slug, definition.to_json())
    forget_definitions()
    Election.objects.filter(pk=election.pk).update(opens_at=moment(past))


@pytest.fixture
def browser() -> Client:
    """A browser that keeps cookies and is held to the CSRF check."""
    return Client(enforce_csrf_checks=True)
