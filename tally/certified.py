"""The result of a certified election as one canonical text, which stands by itself."""

import datetime as dt
import json
from collections import Counter
from typing import Any

from django.db.models import Count

from polls.design import Paper
from polls.models import Election
from tabulation import canonical_json

from .models import Reconciliation, RejectedBallot
from .outcomes import ContestOutcome

# Raised whenever the text has another shape.
FORMAT = 1


def write_result(election: Election, row: Any, outcomes: list[ContestOutcome]) -> str:
    """Write the result of an election, of which `row` is what `outcomes.read` returned.

    Its SHA-256 is that of these bytes in UTF-8.
    """
    paper = Paper.read(row.paper)
    rejected = RejectedBallot.objects.filter(election=election).values_list("reason").annotate(n=Count("pk"))
    fields = {
        "format": FORMAT,
        "election": election.slug,
        "design": election.in_force,
        "paper": json.loads(paper.write()),
        "opened_at": write_time(election.opening),
        "closed_at": election.closes_at and write_time(election.closes_at),
        "certified_at": election.certified_at and write_time(election.certified_at),
        "ballots": row.ballots,
        "votes": row.ballots + row.extra_weight,
        "account": sum_account(election),
        "set_aside": dict(rejected.order_by("reason")),
        "contests": [one.as_dict() for one in outcomes],
        "draw": {"sha256": paper.draw_hash, "secret": election.draw_secret} if paper.draw_hash else None,
    }
    # In plain lists and dicts, as it is read again.
    return canonical_json.write(json.loads(json.dumps(fields)))


def sum_account(election: Election) -> dict[str, Any]:
    """Return the account over all epochs and shards, with the problems that somebody has taken note of."""
    rows = list(Reconciliation.objects.filter(election=election).order_by("epoch", "shard"))
    ballots: Counter[str] = Counter()
    for row in rows:
        ballots.update(row.ballots)
    return {
        "accepted": sum(row.accepted for row in rows),
        "ballots": dict(ballots),
        "known_problems": [problem for row in rows for problem in row.problems],
    }


def write_time(moment: dt.datetime) -> str:
    """Return a moment in UTC, to the second, as in `2026-05-04T10:00:00Z`."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
