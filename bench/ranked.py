"""What a large ranked election costs: its count, its outcomes, and what is shown of it."""

import statistics
import time
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .counting import drain, make_votes, rank_by_lot
from .dashboard import frame_size, look
from .figure import Figure
from .memory import MEGA
from .papers import new_election, paper_of
from .stand import MEASURED, REST, Role, Stand

if TYPE_CHECKING:
    from polls.models import Election

OPTIONS, SEATS = 20, 5
FEW = 1000
OUTCOMES = 3
# Seconds in which an outcome has to be made.
SOON = 2


class Onlooker:
    """Notes what a worker takes, and which outcomes it makes, while it counts."""

    def __init__(self, election: "Election") -> None:
        self.election = election
        self.memory = 0
        self.versions: list[int] = []

    def look(self, role: Role) -> None:
        from tally.models import StoredOutcome

        self.memory = max(self.memory, role.memory())
        for version in StoredOutcome.objects.filter(election=self.election).values_list("version", flat=True):
            if version not in self.versions:
                self.versions.append(version)


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield how fast many different rankings are counted, how long an outcome takes, and what a page takes of it."""
    number = 20_000 if quick else 100_000
    few, _, _ = fill(stand, FEW)
    many, rate, onlooker = fill(stand, number)
    yield Figure(
        f"counted ballots, {number:,} different rankings of {OPTIONS} options",
        rate,
        "ballots/s",
        note=f"STV, {SEATS} seats; {len(onlooker.versions)} outcomes were made on the way; one worker process, whose"
        f" memory was {onlooker.memory / MEGA:.0f} MB at most, with its parent",
    )
    rule, whole, rest = make_outcomes(many)
    yield Figure(
        f"outcome of {number:,} different rankings",
        whole,
        "s",
        rule,
        "the rule alone, from counts in memory",
        less_is_better=True,
        goal=f"{SOON} s",
        reached=whole <= SOON,
        note=f"STV, {OPTIONS} options, {SEATS} seats; while ballots come, one in {rest:.1f} s",
    )
    of_few, of_many = look(few.pk), look(many.pk)
    yield Figure(
        f"snapshot of {number:,} different rankings",
        of_many * 1000,
        "ms",
        of_few * 1000,
        f"snapshot of {FEW:,} of them",
        less_is_better=True,
        goal="1.5 times the ceiling",
        reached=of_many <= 1.5 * of_few,
        note=f"{frame_size(many.pk) / 1000:.0f} kB as a frame, {frame_size(few.pk) / 1000:.0f} kB of the few",
    )
    with stand.role("result", cores=MEASURED) as result:
        at_rest = result.memory()
        took = open_page(f"{result.url}/{many.slug}/")
        yield Figure(
            f"page of {number:,} different rankings",
            took * 1000,
            "ms",
            note=f"the first one, with its working; it takes {(result.memory() - at_rest) / MEGA:.1f} MB of `result`",
        )


def fill(stand: Stand, number: int) -> tuple["Election", float, Onlooker]:
    """Have `number` voters rank all options, each in another order, and each count; return the ballots a second."""
    from tally.outcomes import make_outcome

    paper = paper_of(1, OPTIONS)
    election = new_election(f"rankings-{number}-{time.monotonic_ns()}", paper, method="stv", seats=SEATS)
    casts = make_votes(2 * number, rank_by_lot(paper["q1"]))[:number]
    onlooker = Onlooker(election)
    rate = drain(stand, election, casts, processes=1, worker=MEASURED, servers=REST, look=onlooker.look)
    make_outcome(election.pk)
    return election, rate, onlooker


def make_outcomes(election: "Election") -> tuple[float, float, float]:
    """Return the seconds of the rule alone, of a whole outcome, and from one outcome to the next while ballots come."""
    from polls.design import Paper
    from tally import outcomes

    wholes, rules = [], []
    row = outcomes.read(election.pk)
    counts = outcomes.parse_counts(row.counts)
    paper = Paper.read(row.paper)
    for _ in range(OUTCOMES):
        started = time.perf_counter()
        outcomes.tabulate(paper, counts, row.ballots)
        rules.append(time.perf_counter() - started)
        started = time.perf_counter()
        outcomes.make_outcome(election.pk)
        wholes.append(time.perf_counter() - started)
    whole = statistics.median(wholes)
    return statistics.median(rules), whole, whole + outcomes.rest_after(whole)


def open_page(url: str) -> float:
    """Return the seconds until a page has come."""
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - started
