"""The elections of a run: one with counts that a page shows as they are, and one whose rankings a rule counts."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults.elections import MOST_SHARDS, make_election
from tests.faults.installation import Installation
from tests.faults.judge import PATIENCE, Watcher
from tests.faults.ledger import Ledger
from tests.faults.paper import RANKED, Contest
from tests.faults.plan import Plan
from tests.faults.voters import Crowd, draw_address, send_too_late

# Groups of voters who share one address.
CROWDED = 2
# Of so many lines of voters one votes on the ranked paper.
RANKED_OF = 4


@dataclass(frozen=True)
class Watched:
    """An election under attack, the account of it, somebody who looks at its results, and how many may vote at once."""

    election: Any
    paper: Sequence[Contest]
    ledger: Ledger
    watcher: Watcher
    lines: float = 1
    crowded: int = 0


def watch_all(plan: Plan, installation: Installation, ledger: Ledger) -> list[Watched]:
    """Make the elections of a run, the one of `ledger` first."""
    shards = 1 + plan.seed % MOST_SHARDS
    papers: list[tuple[str, Sequence[Contest], Ledger, float, int]] = [
        (f"faults-{plan.seed}", plan.paper, ledger, 1, 0 if plan.mutant else CROWDED)
    ]
    if plan.ranked:
        account = Ledger(ledger.history.with_name("history-ranked.jsonl"))
        papers.append((f"ranked-{plan.seed}", RANKED, account, 1 / RANKED_OF, 0))
    port = installation.proxies["result"].port
    return [
        Watched(make_election(slug, shards=shards, paper=paper), paper, account, Watcher(port, slug, account), *voters)
        for slug, paper, account, *voters in papers
    ]


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
        Crowd(
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
    """Have so many voters of each election fetch a form before the block, and send it after."""
    address = draw_address(random.Random(plan.seed))
    with ExitStack() as stack:
        for one in watched:
            slug, paper, ledger = one.election.slug, one.paper, one.ledger
            late = send_too_late(installation.doors, slug, paper, ledger, number=number, address=address)
            stack.enter_context(late)
        yield
