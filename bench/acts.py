"""How long organisers wait until what they do has come to the ballot box, while people vote on several elections."""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .crowd import Crowd, cookie_name, fetch_form
from .figure import Figure, percentile
from .papers import new_election
from .screen import voting_at
from .stand import Stand, wait_for_worker, wait_until

if TYPE_CHECKING:
    from polls.models import Election

# Elections that people vote on, the shards of each, and the votes on each in a second.
FLOODED, SHARDS, RATE = 3, 4, 500
ENTRIES = 3000
# Seconds from the first vote to the first act, from one round of acts to the next, and to a deadline.
WARM_S, PAUSE_S, DEADLINE_S = 5, 0.5, 2


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the seconds of each kind of act; organisers act for 25 s, or for 120."""
    seconds = 25 if quick else 120
    flooded = [new_election(f"flooded-{number}", shards=SHARDS) for number in range(FLOODED)]
    times: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        roles = {name: stack.enter_context(stand.role(name)) for name in ("vote", "worker", "beat")}
        wait_for_worker()
        with_roll = new_roll()
        with ExitStack() as floods:
            for number, election in enumerate(flooded):
                crowd = Crowd(fetch_form(roles["vote"], election.slug), cookie_name=cookie_name())
                # Voters of different elections come from different addresses.
                crowd.number = number * 1_000_000
                flood = voting_at(RATE, roles["vote"], crowd, stand, seconds=seconds + 2 * WARM_S, file=election.slug)
                floods.enter_context(flood)
            time.sleep(WARM_S)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for name, took in act(with_roll):
                    times[name].append(took)
                time.sleep(PAUSE_S)
        wait_for_worker()
    for name, taken in times.items():
        yield Figure(
            f"{name}, beside {FLOODED * RATE:,} votes/s",
            percentile(taken, 0.5),
            "s",
            less_is_better=True,
            goal="p50 1 s, p99 2 s",
            reached=percentile(taken, 0.5) <= 1 and percentile(taken, 0.99) <= 2,
            note=f"median of {len(taken)}; at most {max(taken):.2f} s",
        )


def new_roll() -> "Election":
    """Publish an election with a roll."""
    from office.roll_acts import ImportRoll
    from office.roll_files.records import Record
    from polls.paper_file import create_election
    from polls.publishing import publish_election

    contests = [{"key": "q1", "title": "", "method": "plurality", "options": [{"label": "yes"}, {"label": "no"}]}]
    paper = {"title": "Roll", "slug": "roll", "contests": contests, "eligibility": "roll"}
    election = create_election(paper, shards=SHARDS)
    records = [Record(line, f"voter {line}", (), 1) for line in range(1, ENTRIES + 1)]
    ImportRoll(election, records, take_code=lambda *_: None).perform(by=None)
    publish_election(election)
    return election


def act(with_roll: "Election") -> Iterator[tuple[str, float]]:
    """Do one act of each kind, as the role `admin` does it; yield its name, and the seconds until it was done."""
    from django.test import override_settings

    from office.roll_acts import AddEntry
    from polls.life import State
    from polls.models import Election, Roll
    from polls.roll import box
    from tally.lifecycle import close_election
    from voting_site.roles import ROLES

    def is_taken(election: Election) -> bool:
        election.refresh_from_db(fields=["taken", "revision"])
        return election.taken >= election.revision

    def state_of(election: Election) -> str:
        return Election.objects.values_list("state", flat=True).get(pk=election.pk)

    # The bench may read voter secrets, and would need no worker.
    with override_settings(ROLE=ROLES["admin"]):
        with_roll.refresh_from_db()
        began = time.monotonic()
        AddEntry(with_roll, {"name": f"late {began}", "weight": 1, "groups": []}, reason="forgotten").perform(by=None)
        revision = Roll.objects.get(pk=with_roll.pk).revision
        yield "a voter added", _until(lambda: box.has_revision(with_roll.pk, SHARDS, revision), began)

        began = time.monotonic()
        election = new_election(f"act-{time.monotonic_ns()}")
        yield "published", _until(lambda: is_taken(election), began)

        began = time.monotonic()
        close_election(election)
        yield "closed, until voters' pages say so", _until(lambda: is_taken(election), began)
        yield "closed, until final", _until(lambda: state_of(election) == State.FINAL, began)

        election, deadline = _new_with_deadline()
        time.sleep(max(0, deadline - time.monotonic()))
        yield "sealed at the deadline", _until(lambda: state_of(election) != State.PUBLISHED, deadline)


def _new_with_deadline() -> tuple["Election", float]:
    """Publish an election that closes in a moment; return it with that moment, as `time.monotonic` has it."""
    from django.utils import timezone

    from polls.publishing import publish_election

    election = new_election(f"act-{time.monotonic_ns()}")
    election.closes_at = timezone.now() + dt.timedelta(seconds=DEADLINE_S)
    deadline = time.monotonic() + DEADLINE_S
    election.save(update_fields=["closes_at"])
    publish_election(election)
    return election, deadline


def _until(is_done: Callable[[], bool], began: float) -> float:
    wait_until(is_done, "an act is done", pause=0.01)
    return time.monotonic() - began
