"""The elections of a run: one with counts that a page shows as they are, one with rankings, and one with a roll."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults.elections import MOST_SHARDS, make_election
from tests.faults.electorate import Electorate, Person, import_people
from tests.faults.installation import Installation
from tests.faults.judge import PATIENCE, Watcher
from tests.faults.ledger import Ledger
from tests.faults.paper import RANKED, ROLLED, Contest
from tests.faults.plan import Plan
from tests.faults.roll_voters import RollCrowd
from tests.faults.voters import Crowd, draw_address, send_too_late

# Shards of an election where three masters have them: with these numbers each has some.
IN_CLUSTER = 4
# Groups of voters who share one address.
CROWDED = 2
# Of so many lines of voters one votes on the ranked paper.
RANKED_OF = 4
# Of so many one votes with codes; how many are on that roll, and on the one of another election.
ROLLED_OF = 4
ENTRIES = 3000
FOREIGN = 20


@dataclass(frozen=True)
class Watched:
    """An election under attack, the account of it, somebody who looks at its results, and how many may vote at once."""

    election: Any
    paper: Sequence[Contest]
    ledger: Ledger
    watcher: Watcher
    lines: float = 1
    crowded: int = 0
    electorate: Electorate | None = None


def watch_all(plan: Plan, installation: Installation, ledger: Ledger) -> list[Watched]:
    """Make the elections of a run, the one of `ledger` first."""
    shards = IN_CLUSTER if plan.cluster else 1 + plan.seed % MOST_SHARDS
    papers: list[tuple[str, Sequence[Contest], Ledger, float, int]] = [
        (f"faults-{plan.seed}", plan.paper, ledger, 1, 0 if plan.mutant else CROWDED)
    ]
    if plan.ranked:
        account = Ledger(ledger.history.with_name("history-ranked.jsonl"))
        papers.append((f"ranked-{plan.seed}", RANKED, account, 1 / RANKED_OF, 0))
    port = installation.proxies["result"].port
    watched = [
        Watched(make_election(slug, shards=shards, paper=paper), paper, account, Watcher(port, slug, account), *voters)
        for slug, paper, account, *voters in papers
    ]
    return [*watched, watch_roll(plan, installation, ledger, shards)] if plan.rolled else watched


def watch_roll(plan: Plan, installation: Installation, ledger: Ledger, shards: int) -> Watched:
    """Make an election with a roll, and another one whose codes are of no use in it."""
    slug, account = f"roll-{plan.seed}", Ledger(ledger.history.with_name("history-roll.jsonl"))
    electorate = Electorate(installation, account, seed=plan.seed, size=ENTRIES)
    electorate.election = make_election(slug, shards=shards, paper=ROLLED, enrol=electorate.enrol)
    others: list[Person] = []
    other = make_election(
        f"other-roll-{plan.seed}",
        shards=shards,
        enrol=lambda election: others.extend(import_people(election, FOREIGN, electorate.chance)),
    )
    electorate.foreign_path, electorate.foreign = f"/{other.slug}/", [one.card[0] for one in others]
    lines = 1 if plan.mutant or plan.control else 1 / ROLLED_OF
    watcher = Watcher(installation.proxies["result"].port, slug, account)
    return Watched(electorate.election, ROLLED, account, watcher, lines, electorate=electorate)


def wait_for_truth(watched: Sequence[Watched], *, final: bool = False, patience: float = PATIENCE) -> float | None:
    """Return the seconds until the pages of all elections show what their ledgers say; None if one never does."""
    began = time.monotonic()
    for one in watched:
        if one.watcher.wait_for_truth(final=final, patience=patience) is None:
            return None
    return time.monotonic() - began


@contextmanager
def voting(
    plan: Plan, installation: Installation, watched: Sequence[Watched], *, first: int, lines: int = 0
) -> Iterator[None]:
    """Have people vote during the block, numbered from `first`, and wait for all their answers after it."""
    crowds = [
        (partial(RollCrowd, one.electorate) if one.electorate else Crowd)(
            installation.doors,
            one.election.slug,
            one.paper,
            one.ledger,
            seed=plan.seed,
            lines=max(1, round((lines or plan.lines) * one.lines)),
            first=first,
            crowded=one.crowded,
        )
        for one in watched
    ]
    try:
        yield
    finally:
        for crowd in crowds:
            crowd.stop()


@contextmanager
def sending_too_late(
    plan: Plan, installation: Installation, watched: Sequence[Watched], *, number: int
) -> Iterator[None]:
    """Have so many voters of each open election fetch a form before the block, and send it after."""
    address = draw_address(random.Random(plan.seed))
    with ExitStack() as stack:
        for one in [one for one in watched if one.electorate is None]:
            slug, paper, ledger = one.election.slug, one.paper, one.ledger
            late = send_too_late(installation.doors, slug, paper, ledger, number=number, address=address)
            stack.enter_context(late)
        yield
