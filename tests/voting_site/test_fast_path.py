"""Each request has the same effect on both ways: on Django's alone, and with the fast path before it."""

import logging
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import redis
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.middleware import csrf

from polls import ballot_box, ballots, metrics, voters, wake_up
from polls.definition import Definition
from polls.kiosk.device import Kiosk
from polls.voters import roll_voter, set_roll_cookie
from telemetry import throttled_log
from tests.conftest import contest
from tests.polls.roll.people import put_in_box
from tests.polls.test_paper_language import WRITTEN
from tests.voting_site.vote_requests import EARLIER_KEY, HOST, Requests, Sent, Visitor
from voting_site.roles import ROLES
from voting_site.serving import greenlets
from voting_site.serving.fast_path import FastPath
from voting_site.serving.lean_request import LeanWsgiRequest

pytestmark = pytest.mark.urls("voting_site.urls.vote")

# Milliseconds, longer than a test.
NEVER = 10**7
# Differs in each page: ids, tokens, nonces, signatures; and numbers of seconds.
_SECRETS = re.compile(r"[A-Za-z0-9_=:.+/-]{20,}|\d+")


class Effect(NamedTuple):
    """All that a request did, without what can't be the same twice: chance, the time, and ids of the stream."""

    status: int
    headers: list[tuple[str, str]]
    page: str
    box: dict[bytes, Any]
    metrics: dict[str, float]
    log: list[tuple[str, str, str]]
    wake_ups: list[tuple[Any, ...]]


class Ways:
    """Sends the same request on both ways, from the same state of the box."""

    def __init__(self, box: Any, django: WSGIHandler) -> None:
        self.box, self.django = box, django
        self.passed_on = 0
        self.fast = FastPath(self._pass_on)
        self.wake_ups: list[tuple[Any, ...]] = []

    def _pass_on(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.passed_on += 1
        return self.django(environ, start_response)

    def compare(self, sent: Sent) -> tuple[Effect, bool]:
        """Send a request on both ways; return its effect, and whether the fast path answered it."""
        names = self.box.keys("urna:*")
        with self.box.pipeline() as pipe:
            for name in names:
                pipe.dump(name).pttl(name)
            found = pipe.execute()
        usual = self._send(self.django, sent)
        with self.box.pipeline() as pipe:
            pipe.flushdb()
            for name, content, left in zip(names, found[::2], found[1::2], strict=True):
                pipe.restore(name, max(left, 0), content)
            pipe.execute()
        passed_on = self.passed_on
        fast = self._send(self.fast, sent)
        assert fast == usual, sent
        return fast, self.passed_on == passed_on

    def _send(self, application: Any, sent: Sent) -> Effect:
        throttled_log._said.clear()
        throttled_log._left_out.clear()
        self.wake_ups.clear()
        lines = Lines()
        logging.getLogger().addHandler(lines)
        counted = Counter(read_metrics())
        try:
            answer = greenlets.call(application, sent.environ())
            # What another thread was told to send.
            wake_up._messenger().submit(int).result()
        finally:
            logging.getLogger().removeHandler(lines)
        return Effect(
            answer.status,
            [(name, _SECRETS.sub("~", value)) for name, value in answer.headers],
            _SECRETS.sub("~", answer.body.decode()),
            {name: read_key(self.box, name) for name in sorted(self.box.keys("urna:*"))},
            dict(Counter(read_metrics()) - counted),
            lines.found,
            list(self.wake_ups),
        )


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append((record.name, record.levelname, _SECRETS.sub("~", record.getMessage())))


def read_metrics() -> dict[str, float]:
    counters = (metrics.ACCEPTED, metrics.REPEATED, metrics.REFUSED, metrics.REQUESTS)
    samples = (sample for one in counters for sample in next(iter(one.collect())).samples)
    return {
        f"{one.name} {one.labels}": one.value
        for one in samples
        if one.name.endswith(("_total", "duration_seconds_count"))
    }


def read_key(box: Any, name: bytes) -> Any:
    """Return what a key holds, without times and without the ids of stream entries."""
    match box.type(name):
        case b"stream":
            return [{key: value for key, value in fields.items() if key != b"at"} for _id, fields in box.xrange(name)]
        case b"hash" if name.endswith(b":voters"):
            return {voter: mark.rsplit(b" ", 1)[0] for voter, mark in box.hgetall(name).items()}
        case b"hash":
            return box.hgetall(name)
        case _:
            return box.exists(name)


@pytest.fixture
def ways(box: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Both ways as the role `vote` has them; its limits are soon reached, and never recover."""
    common = settings.MIDDLEWARE[: settings.MIDDLEWARE.index("polls.middleware.UnreachableMiddleware") + 1]
    settings.MIDDLEWARE = [*common, *ROLES["vote"].middleware]
    settings.ALLOWED_HOSTS = [HOST]
    settings.VOTER_BURST, settings.NEWCOMER_BURST = 3, 2
    settings.VOTER_INTERVAL_MS = settings.NEWCOMER_INTERVAL_MS = NEVER
    settings.POW_DIFFICULTY = 10
    for signer in (voters._signer, ballots._signer):
        monkeypatch.setattr(signer, "fallback_keys", ["yet earlier", EARLIER_KEY])
    django = WSGIHandler()
    django.request_class = LeanWsgiRequest
    made = Ways(box, django)
    # On a busy machine a second may pass between two requests to an election, and Django would answer the next one.
    monkeypatch.setattr(ballot_box.reading, "REMEMBERED_S", 600)
    monkeypatch.setattr(wake_up.current_app, "send_task", lambda *task, **_: made.wake_ups.append(task))
    return made


def one_of(*keys: str) -> Callable[[random.Random], list[tuple[str, str]]]:
    return lambda chance: [("q1", chance.choice(keys))]


def three_contests(chance: random.Random) -> list[tuple[str, str]]:
    chosen = [("q2", key) for key in ("ant", "bee", "cat") if chance.random() < 0.6]
    ranked = [(f"q3:{key}", str(number + 1)) for number, key in enumerate(chance.sample(("ant", "bee", "cat"), 3))]
    return [("q1", chance.choice(("nesquik", "cola-cao", ""))), *chosen, *ranked[: chance.randrange(4)]]


def languages(chance: random.Random) -> list[tuple[str, str]]:
    return [("q1", chance.choice(("yes", "no"))), ("q2", chance.choice(("ana", "bea")))]


MARKS = {
    "open": one_of("nesquik", "cola-cao"),
    "final": one_of("nesquik", "cola-cao"),
    "paper": three_contests,
    "closed": one_of("nesquik", "cola-cao"),
    "scheduled": one_of("nesquik", "cola-cao"),
    "rolled": lambda chance: [("q1", "nesquik"), ("q2", chance.choice(("ant", "bee")))],
    "proof": one_of("nesquik", "cola-cao"),
    "languages": languages,
    "cancelled": one_of("nesquik", "cola-cao"),
}
ANIMALS = ("ant", "bee", "cat")


def make_elections(define: Callable[..., Definition]) -> Definition:
    """Publish an election of each kind; return the one with a roll."""
    now = ballot_box.read_definitions()[1]
    define(election=1, slug="open")
    define(election=2, slug="final", votes_final=True)
    define(
        election=3,
        slug="paper",
        shards=3,
        contests=(
            contest(),
            contest("q2", ANIMALS, method="approval", title="Two?"),
            contest("q3", ANIMALS, method="irv", title="Three?"),
        ),
    )
    define(election=4, slug="closed", closes_at=now - 500)
    define(election=5, slug="scheduled", opens_at=now + 10**9)
    board = contest("q2", ("ant", "bee"), title="Board?", groups=("Board",))
    kiosk = Kiosk(1, "hall", "", 0)
    rolled = define(election=6, slug="rolled", eligibility="roll", contests=(contest(), board), kiosks=(kiosk,))
    define(election=7, slug="proof", proof_of_work=True)
    define(election=8, slug="languages", **WRITTEN)
    define(election=9, slug="cancelled", cancelled=True)
    return rolled


def come_in(visitors: Iterable[Visitor], rolled: Definition) -> None:
    """Let most visitors be on the roll, as if they had typed their codes, one of which is not the newest."""
    for number, visitor in enumerate(visitors, 1):
        put_in_box(
            rolled, number, groups='["Board"]' if number % 2 else "", issue=2 if number == 3 else 1, weight=number
        )
        if number != 4:
            answer = HttpResponse()
            set_roll_cookie(answer, rolled, roll_voter(rolled, number, 1))
            visitor.client.cookies.update(answer.cookies)


def play(ways: Ways, define: Callable[..., Definition], seed: int, number: int) -> tuple[Counter[int], Counter[int]]:
    """Send requests on both ways; return how many of each status there were, and how many the fast path answered."""
    rolled = make_elections(define)
    visitors = [Visitor(f"127.0.0.{one % 3}") for one in range(8)]
    come_in(visitors, rolled)
    for visitor in visitors:
        for slug in MARKS:
            visitor.open(slug)
    requests = Requests(visitors, MARKS, random.Random(seed))
    statuses, fast = Counter[int](), Counter[int]()
    for _ in range(number):
        effect, is_fast = ways.compare(requests.draw())
        statuses[effect.status] += 1
        fast[effect.status] += is_fast
    return statuses, +fast


class TestBothWays:
    def test_have_the_same_effect(self, ways, define):
        statuses, fast = play(ways, define, seed=1, number=400)
        assert set(fast) == {200, 303}
        assert fast[303] > 0.6 * statuses[303] > 20
        assert fast[200] > 10
        assert {303, 400, 403, 409, 410, 429} <= set(statuses)

    @pytest.mark.full
    @pytest.mark.parametrize("seed", range(10))
    def test_have_the_same_effect_ten_thousand_times(self, ways, define, seed):
        statuses, fast = play(ways, define, seed=seed, number=1000)
        assert set(fast) == {200, 303}
        assert fast[303] > 0.6 * statuses[303] > 20


class TestState:
    def test_is_left_to_django_where_the_cookie_of_the_token_is_broken(self, ways, define):
        define(slug="open")
        visitor = Visitor("127.0.0.1")
        visitor.open("open")
        state = Sent("/open/cast/state.json", [], visitor.cookies, method="GET", body=b"")
        name = settings.CSRF_COOKIE_NAME
        broken = [(one, value[:-1] if one == name else value) for one, value in visitor.cookies]
        masked = [(one, csrf._mask_cipher_secret(value) if one == name else value) for one, value in visitor.cookies]
        gone = [(one, value) for one, value in visitor.cookies if one != name]
        ways.compare(state)
        answered = {
            told: ways.compare(replace(state, cookies=cookies))[1]
            for told, cookies in {"good": visitor.cookies, "broken": broken, "masked": masked, "gone": gone}.items()
        }
        assert answered == {"good": True, "broken": False, "masked": True, "gone": True}


class TestOutage:
    def test_is_told_by_django_and_the_box_was_asked_once(self, ways, define, monkeypatch):
        define(slug="open")
        visitor = Visitor("127.0.0.1")
        visitor.open("open")
        form = [*visitor.forms["open"].items(), ("q1", "nesquik")]
        sent = Sent("/open/", form, visitor.cookies, {"HTTP_ORIGIN": f"http://{HOST}"})
        for expected in (True, False):
            # The first vote of its kind goes to Django.
            before = ways.passed_on
            assert greenlets.call(ways.fast, sent.environ()).status == 303
            assert (ways.passed_on > before) == expected
        asked: list[Any] = []

        def fail(*commands: Any, **_: bool) -> None:
            asked.append(commands)
            raise redis.ConnectionError("away")

        monkeypatch.setattr(ballot_box.connection, "ask", fail)
        answer = greenlets.call(ways.fast, sent.environ())
        assert (answer.status, len(asked)) == (503, 1)
        assert dict(sent.fields)["ballot_id"] in answer.body.decode()
        assert ("Retry-After", "2") in answer.headers
