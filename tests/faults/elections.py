"""Elections of the harness, made in PostgreSQL and published as the administration does it."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.paper import PAPER, Contest

# Shards of an election, by the seed.
MOST_SHARDS = 3
# Seconds that a server may need to come back.
PATIENCE = 60


def insist(action: Callable[[], Any]) -> Any:
    """Return what `action` returns, trying again while a server is on its way back."""
    from django.db import connection

    from polls.outages import is_outage

    deadline = time.monotonic() + PATIENCE
    while True:
        # A server that was killed meanwhile has taken the connection with it.
        connection.close()
        try:
            return action()
        except Exception as error:
            if not is_outage(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def make_election(
    slug: str,
    *,
    shards: int,
    seconds: float | None = None,
    opens_in: float = -60,
    paper: Sequence[Contest] = PAPER,
    enrol: Callable[[Any], None] | None = None,
) -> Any:
    """Make and publish an election that is open, or will be, for so many seconds or until it is closed.

    With `enrol` it has a roll, on which that puts people.
    """
    from django.db import transaction
    from django.utils import timezone

    from polls.models import Election
    from polls.paper_file import create_election
    from polls.publishing import publish_election

    @transaction.atomic
    def make() -> Any:
        if made := Election.objects.filter(slug=slug).first():
            return made
        now = timezone.now()
        opens_at = now + timezone.timedelta(seconds=opens_in)
        closes_at = now + timezone.timedelta(seconds=max(opens_in, 0) + seconds) if seconds else None
        content = {
            "title": "Breakfast",
            "slug": slug,
            "opens_at": opens_at.isoformat(),
            "closes_at": closes_at.isoformat() if closes_at else None,
            "contests": [contest.as_json() for contest in paper],
            "eligibility": "roll" if enrol else "open",
        }
        election = create_election(content, shards=shards)
        if enrol:
            enrol(election)
        publish_election(election)
        return election

    return insist(make)


def find_election(slug: str) -> int:
    """Return the primary key of an election."""
    from polls.models import Election

    return int(insist(lambda: Election.objects.values_list("pk", flat=True).get(slug=slug)))
