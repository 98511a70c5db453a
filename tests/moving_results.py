"""Let the counts of an election move, as by a crowd: for a `manage.py shell`, in which Django is set up before."""

import random
import time
from typing import Any

from django.db import connection

from polls.models import Election
from polls.paper_file import create_election
from polls.publishing import publish_election
from tally.announce import announce
from tally.healing import keep_box
from tally.outcomes import make_outcome

VOTES = 200


def make(slug: str, options: int) -> None:
    """Make an open election with so many options, and some votes for each."""
    labels: list[dict[str, Any]] = [
        {"key": f"option-{number}", "label": f"Option {number}"} for number in range(options)
    ]
    publish_election(create_election({"title": slug, "slug": slug, "contests": [{"options": labels}]}))
    keep_box()
    move(slug, 3, seconds=0)


def move(slug: str, times: int, seconds: float) -> None:
    """Count some votes for options at random, so many times; between two times so many seconds pass."""
    election = Election.objects.get(slug=slug)
    keys = [f"q1:{key}" for key in election.contests.get().options.values_list("key", flat=True)]
    for _ in range(times):
        began = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO tally_count AS old (election_id, shard, key, n)
                SELECT %s, 0, key, count(*) FROM unnest(%s::text[]) AS key GROUP BY key
                ON CONFLICT (election_id, shard, key) DO UPDATE SET n = old.n + excluded.n
                """,
                [election.pk, random.choices(keys, k=VOTES)],
            )
            cursor.execute(
                """
                INSERT INTO tally_tally AS old (election_id, shard, version, ballots, epoch, last_serial)
                VALUES (%s, 0, 1, %s, 'moving', 1) ON CONFLICT (election_id, shard)
                DO UPDATE SET version = old.version + 1, ballots = old.ballots + excluded.ballots
                """,
                [election.pk, VOTES],
            )
        make_outcome(election.pk)
        announce(election.pk)
        time.sleep(max(0, seconds - (time.monotonic() - began)))
