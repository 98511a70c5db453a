"""How long it takes from the press of "Vote" until the vote is on another screen."""

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from .crowd import Crowd, cookie_name, fetch_form
from .figure import Figure, percentile
from .load import Answers, send, write_requests
from .papers import ONE_CONTEST, new_election
from .sockets import open_socket, read_frame
from .stand import Broken, Role, Stand, wait_for_worker

SLUG = "vote-to-screen"
# Only probes choose the last option.
PAPER = {"q1": (*ONE_CONTEST["q1"], "probe")}
PROBE = {"q1": ("probe",)}
# Votes a second beside the probes: a full hall, and as many as two cores can bear with everything on them.
LOADS = (500, 2000)
CONNECTIONS = 50
# Seconds that a vote takes under that load: each connection waits for its answer before it pauses.
ANSWER_S = 0.012


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the time from a POST to its frame, idle and under load."""
    probes = 40 if quick else 200
    new_election(SLUG, PAPER)
    with ExitStack() as stack:
        roles = {name: stack.enter_context(stand.role(name)) for name in ("vote", "result", "worker", "beat")}
        crowd = Crowd(fetch_form(roles["vote"], SLUG), cookie_name=cookie_name(), paper=PROBE)
        # Then all ballots that other figures have left in the box are counted.
        wait_for_worker()
        prober = Prober(roles["vote"], roles["result"], crowd)
        stack.callback(prober.close)
        prober.probe(5)
        parts = round_trips(roles["vote"], probes)
        idle = prober.probe(probes)
        yield _figure(
            "vote to screen, idle", idle, parts, goal="p50 30 ms, p99 150 ms",
            reached=percentile(idle, 0.5) <= 0.03 and percentile(idle, 0.99) <= 0.15,
        )  # fmt: skip
        for rate in LOADS:
            with voting_at(rate, roles["vote"], crowd, stand, seconds=probes * 0.35 + 4) as load:
                busy = prober.probe(probes)
            yield _figure(
                f"vote to screen, at {rate:,} votes/s", busy, parts, goal="p99 400 ms",
                reached=percentile(busy, 0.99) <= 0.4, note=f"{load.rate:.0f} votes/s beside it; ",
            )  # fmt: skip
            wait_for_worker()


def _figure(
    name: str, times: list[float], parts: dict[str, float], *, goal: str, reached: bool, note: str = ""
) -> Figure:
    told = ", ".join(f"{part} {seconds * 1000:.1f}" for part, seconds in parts.items())
    return Figure(
        name,
        percentile(times, 0.5) * 1000,
        "ms",
        sum(parts.values()) * 1000,
        "sum of the round trips",
        less_is_better=True,
        goal=goal,
        reached=reached,
        note=f"{note}median of {len(times)}; p99 {percentile(times, 0.99) * 1000:.0f} ms; round trips in ms: {told}",
    )


class Prober:
    """One voter after the other, and a socket that watches the results."""

    def __init__(self, vote: Role, result: Role, crowd: Crowd) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", vote.port, timeout=10)
        self.socket = open_socket(result.port, f"/ws/{SLUG}/")
        self.socket.settimeout(10)
        self.crowd = crowd
        self.shown = 0
        # The first frame shows how many probes were counted before.
        self.shown = self._next_count()

    def close(self) -> None:
        self.connection.close()
        self.socket.close()

    def probe(self, number: int) -> list[float]:
        """Return the seconds from each of `number` votes to the frame that shows it."""
        pick = random.Random(number)
        times = []
        for _ in range(number):
            # At random, so that probes are not in step with a tick, and so late that the last read is over.
            time.sleep(pick.uniform(0.15, 0.35))
            [request] = self.crowd.votes(1)
            head, _, body = request.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            started = time.perf_counter()
            self.connection.request("POST", f"/{SLUG}/", body, headers)
            answer = self.connection.getresponse()
            answer.read()
            if answer.status != 303:
                raise Broken(f"a vote was answered with {answer.status}")
            wanted = self.shown + 1
            while self.shown < wanted:
                self.shown = max(self.shown, self._next_count())
            times.append(time.perf_counter() - started)
        return times

    def _next_count(self) -> int:
        while True:
            frame = json.loads(read_frame(self.socket))
            if "contests" in frame:
                [contest] = frame["contests"]
                return next(int(one["count"]) for one in contest["options"] if one["key"] == "probe")


class voting_at:
    """Votes at a steady rate during a block, which has the rate afterwards; raises Broken if one is refused."""

    def __init__(
        self, rate: int, vote: Role, crowd: Crowd, stand: Stand, *, seconds: float, file: str = "load"
    ) -> None:
        self.file = stand.folder / file
        others = Crowd(crowd.form, cookie_name=crowd.cookie_name)
        others.number = crowd.number + 1_000 * rate
        self.port, self.seconds = vote.port, seconds
        self.pause = CONNECTIONS / rate - ANSWER_S
        # Enough for answers that take no time at all: a vote that is sent again would be refused.
        write_requests(self.file, others.votes(int(CONNECTIONS / self.pause * (seconds + 2))))
        self.rate = 0.0
        self._sender = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> "voting_at":
        self._answers = self._sender.submit(self._send)
        time.sleep(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._sender.shutdown()
        if kind is None:
            self.rate = self._answers.result().rate(303)

    def _send(self) -> Answers:
        return send(self.port, self.file, seconds=self.seconds, connections=CONNECTIONS, pause_ms=self.pause * 1000)


def round_trips(vote: Role, number: int) -> dict[str, float]:
    """Return the median seconds of each round trip that a vote needs, each measured alone."""
    from django.db import connection, transaction

    from polls import ballot_box
    from tally.models import Tally

    client = ballot_box.connection.client()
    web = http.client.HTTPConnection("127.0.0.1", vote.port, timeout=10)
    pubsub = client.pubsub()
    pubsub.subscribe("bench")
    pubsub.get_message(timeout=5)
    tally = Tally.objects.order_by("pk").first()
    if tally is None:
        raise Broken("nothing is counted yet")

    def ask_for_page() -> None:
        web.request("GET", "/healthz")
        web.getresponse().read()

    def append() -> None:
        client.xadd("bench:stream", {"ballot": "x" * 100}, maxlen=1000)

    def commit() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE tally_tally SET version = version WHERE id = %s", [tally.pk])

    def publish() -> None:
        client.publish("bench", "x")
        pubsub.get_message(timeout=5)

    try:
        return {
            name: percentile([_time(measured) for _ in range(number)], 0.5)
            for name, measured in (("HTTP", ask_for_page), ("XADD", append), ("commit", commit), ("publish", publish))
        }
    finally:
        web.close()
        pubsub.close()


def _time(what: Callable[[], None]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started
