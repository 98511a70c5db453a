"""How many votes one process of `vote` accepts on one core, and how many ballot pages it shows."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .crowd import OK_PATH, Crowd, Mark, cookie_name, fetch_form
from .figure import Figure, in_turn
from .load import Answers, send, write_requests
from .papers import ONE_CONTEST, Paper, choose, new_election, paper_of, rank
from .stand import MEASURED, Broken, Role, Stand

SLUG = "nesquik-vs-cola-cao"
# A paper like that of an association's assembly.
TEN_SLUG, TEN = "ten-contests", paper_of(10, 10)
RANKED_SLUG, RANKED = "ten-ranked", paper_of(1, 10)
CONNECTIONS = 32
# Votes a second that the Flask page of the original exercise accepts on one core.
EXAMPLE = 400
# Far more than any server accepts on one core: a request that is sent twice would be a retry, and no new vote.
PREPARED_PER_SECOND = 12_000
GRANIAN = ("--processes", "1")


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield accepted votes and ballot pages in a second, beside a view that returns "ok", and votes on others."""
    seconds, rounds = (3.0, 2) if quick else (8.0, 3)
    with stand.role("vote", cores=MEASURED, settings="bench.settings", options=GRANIAN) as vote:
        bench = VotingBench(stand, vote, seconds)
        new_election(TEN_SLUG, TEN)
        ten = VotingBench(stand, vote, seconds, TEN_SLUG, TEN)
        new_election(RANKED_SLUG, RANKED, method="stv", seats=3)
        ranked = VotingBench(stand, vote, seconds, RANKED_SLUG, RANKED, rank)
        ok, accepted, long, rankings = in_turn(rounds, bench.post_to_ok, bench.vote, ten.vote, ranked.vote)
        yield Figure(
            "accepted votes",
            accepted,
            "votes/s",
            ok,
            "POST to a view that returns “ok”",
            goal=f"0.5 of the ceiling and {6 * EXAMPLE} votes/s",
            reached=accepted >= 0.5 * ok and accepted >= 6 * EXAMPLE,
            note=f"one core; median {bench.latest.p50 * 1000:.1f} ms, p99 {bench.latest.p99 * 1000:.1f} ms",
        )
        yield Figure(
            "accepted votes, ten contests of ten options",
            long,
            "votes/s",
            accepted,
            "one contest of two options",
            goal="0.6 of the ceiling",
            reached=long >= 0.6 * accepted,
            note=f"median {ten.latest.p50 * 1000:.1f} ms, p99 {ten.latest.p99 * 1000:.1f} ms",
        )
        yield Figure(
            "accepted votes, ten options ranked",
            rankings,
            "votes/s",
            accepted,
            "one of two options chosen",
            goal="0.6 of the ceiling",
            reached=rankings >= 0.6 * accepted,
            note=f"STV; median {ranked.latest.p50 * 1000:.1f} ms, p99 {ranked.latest.p99 * 1000:.1f} ms",
        )
        ok, pages = in_turn(rounds, bench.get_ok, bench.show)
        yield Figure(
            "ballot pages",
            pages,
            "pages/s",
            ok,
            "GET of a view that returns “ok”",
            goal="0.6 of the ceiling",
            reached=pages >= 0.6 * ok,
        )
        ok, *steps = in_turn(
            rounds, *(bench.cost(step) for step in (bench.get_ok, bench.show, bench.vote, bench.confirm, bench.look))
        )
        told = ", ".join(
            f"{name} {cost:.2f}" for name, cost in zip(("page", "vote", "confirmation", "state"), steps, strict=True)
        )
        yield Figure(
            "a whole voter, processor time",
            sum(steps),
            "ms",
            len(steps) * ok,
            "four times a view that returns “ok”",
            less_is_better=True,
            goal="0.9 of the ceiling",
            reached=sum(steps) <= len(steps) * ok / 0.9,
            note=told,
        )


class VotingBench:
    """The four kinds of load on one process of `vote`, in one election."""

    def __init__(
        self,
        stand: Stand,
        vote: Role,
        seconds: float,
        slug: str = SLUG,
        paper: Paper = ONE_CONTEST,
        mark: Mark = choose,
    ) -> None:
        self.vote_role, self.seconds, self.slug = vote, seconds, slug
        self.file: Path = stand.folder / "requests"
        self.crowd = Crowd(fetch_form(vote, slug), cookie_name=cookie_name(), paper=paper, mark=mark)
        self.latest = Answers(0, 0, 0, 0, 0, {})

    def _send(self, status: int) -> float:
        self.latest = send(self.vote_role.port, self.file, seconds=self.seconds, connections=CONNECTIONS)
        return self.latest.rate(status)

    def vote(self) -> float:
        prepared = write_requests(self.file, self.crowd.votes(int(PREPARED_PER_SECOND * self.seconds)))
        before = count_accepted(self.slug)
        with wake_ups_due(self.slug):
            rate = self._send(303)
        if self.latest.sent > prepared:
            raise Broken(f"{prepared} votes were prepared, and {self.latest.sent} sent: prepare more")
        in_the_box = count_accepted(self.slug) - before
        told = self.latest.statuses["303"]
        if in_the_box < told:
            raise Broken(f"{told} voters were told “accepted”, and {in_the_box} ballots are there")
        return rate

    def post_to_ok(self) -> float:
        write_requests(self.file, self.crowd.votes(20_000, path=OK_PATH))
        return self._send(200)

    def show(self) -> float:
        write_requests(self.file, self.crowd.visits(20_000))
        return self._send(200)

    def confirm(self) -> float:
        write_requests(self.file, self.crowd.looks(20_000, f"/{self.slug}/cast/"))
        return self._send(200)

    def look(self) -> float:
        write_requests(self.file, self.crowd.looks(20_000, f"/{self.slug}/cast/state.json"))
        return self._send(200)

    def cost(self, step: Callable[[], float]) -> Callable[[], float]:
        """Return a measurement of the processor time of `vote` for one request of a step, in ms."""

        def measure() -> float:
            before = self.vote_role.processor_time()
            rate = step()
            return (self.vote_role.processor_time() - before) / (rate * self.seconds) * 1000

        return measure

    def get_ok(self) -> float:
        write_requests(self.file, self.crowd.visits(20_000, path=OK_PATH))
        return self._send(200)


def count_accepted(slug: str) -> int:
    """Return how many ballots the box has accepted, all shards together."""
    from polls import ballot_box
    from polls.models import Election

    election = Election.objects.get(slug=slug)
    keys = [ballot_box.key(election.pk, shard, "rules") for shard in range(election.shards)]
    return sum(int(ballot_box.connection.client().hget(key, "serial") or 0) for key in keys)


@contextmanager
def wake_ups_due(slug: str) -> Iterator[None]:
    """Let a wake-up be due twenty times a second, as with a worker that keeps up; no worker runs here."""
    from polls import ballot_box
    from polls.models import Election

    election = Election.objects.get(slug=slug)
    keys = [ballot_box.key(election.pk, shard, "wake") for shard in range(election.shards)]
    enough = threading.Event()

    def clear() -> None:
        while not enough.wait(0.05):
            for key in keys:
                ballot_box.connection.client().delete(key)

    thread = threading.Thread(target=clear)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
