"""Redis comes back with an older file, as after a restored backup or a file that was cut, and people vote on at once.

All ballots that the file lacks are counted by then. New ballots get their serials again before any worker looks.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.elections import insist
from tests.faults.installation import Installation, wait_until
from tests.faults.judge import Watcher
from tests.faults.ledger import Ledger
from tests.faults.paper import Contest
from tests.faults.voters import Crowd
from voting_site.local.service_user import give_to_service_user

# How many ballots the older file lacks, at least, and how many more have to come before the worker runs again.
LACKED = 60
LINES = 4
# Numbers of these voters begin here, and are so far apart.
FIRST = 3 * 10**9
APART = 10**8


def bring_back_older(
    installation: Installation, slug: str, election: int, paper: Sequence[Contest], ledger: Ledger, watcher: Watcher
) -> None:
    """Let Redis be an older one; complain unless each voter who counted is known to the box afterwards."""
    epoch = read_epoch()
    # Of several masters one alone.
    server = installation.box[-1]
    file = installation.file_of(server)
    older = installation.folder / "older"
    shutil.copytree(file, older)
    lacked = vote(installation, slug, paper, ledger, first=FIRST, number=LACKED)
    watcher.wait_for_truth()
    worker, valkey = installation.part("worker"), installation.part(server)
    worker.wanted = valkey.wanted = False
    worker.kill()
    valkey.kill()
    wait_until(lambda: valkey.pid is None and worker.pid is None, "an end of Redis and the worker")
    replace(file, older)
    valkey.wanted = True
    # Enough ballots to give again all serials that were given before.
    vote(installation, slug, paper, ledger, first=FIRST + APART, number=3 * lacked)
    worker.wanted = True
    if watcher.wait_for_truth() is None:
        ledger.complain(ledger.wrong, "the page did not come to the truth after an older Redis")
    # It begins when all voters are known again, which may be after the last of their ballots is counted.
    wait_until(lambda: read_epoch() not in ("", epoch), "a new epoch after an older Redis")
    if forgotten := find_forgotten(election):
        ledger.complain(ledger.wrong, f"{forgotten} voters count, and the box does not know that they have voted")


def vote(
    installation: Installation, slug: str, paper: Sequence[Contest], ledger: Ledger, *, first: int, number: int
) -> int:
    """Have people vote until so many ballots more are accepted; return how many were."""
    before = ledger.accepted
    crowd = Crowd(installation.doors, slug, paper, ledger, seed=first, lines=LINES, first=first)
    try:
        wait_until(lambda: ledger.accepted >= before + number, f"{number} ballots around an older Redis")
    finally:
        crowd.stop()
    return ledger.accepted - before


def replace(file: Path, older: Path) -> None:
    """Put an older append-only file in the place of the present one."""
    shutil.rmtree(file)
    shutil.copytree(older, file)
    for path in (file, *file.iterdir()):
        give_to_service_user(path)


def read_epoch() -> str:
    """Return in which life the box is; "" while it has none."""
    from polls import ballot_box

    return insist(ballot_box.read_epoch) or ""


def find_forgotten(election: int) -> int:
    """Return of how many voters whose ballots count the box has no mark."""
    from polls.ballot_box import connection, key
    from tally.models import CountedBallot

    rows: list[Any] = insist(lambda: list(CountedBallot.objects.filter(election=election)))
    client = connection.client()
    return insist(lambda: sum(not client.hexists(key(election, row.shard, "voters"), row.voter_key) for row in rows))
