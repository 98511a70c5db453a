"""Snapshots of papers that no database has to hold, and their dashboards as the server writes them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from polls.design import Paper
from polls.methods import ContestOnBallot
from polls.models import Election
from results.outcome_shown import OutcomeShown, Source
from results.snapshot import Snapshot
from results.wall import as_dict, panels
from tally.outcomes import tabulate
from tests.conftest import contest

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
# Three contests: one of three seats, one of many choices, and a motion.
PAPER = Paper(
    "General assembly",
    "",
    False,
    (
        contest("board", ("ana", "bea", "leo", "mia", "tom"), title="Board", method="approval", seats=3),
        contest("chair", ("ana", "none"), title="Chair", rules={"blank": True, "none_of_the_above": "none"}),
        contest(
            "dues",
            ("yes", "no", "abstain"),
            title="Raise the dues to 30 €",
            method="motion",
            rules={"majority": "absolute", "basis": "ballots", "quorum": 10, "blank": True},
        ),
    ),
)

# Counts of that paper: nothing yet; three level for the last two seats; and a result.
NOTHING: dict[str, int] = {}
LIVELY = {
    "board:ana": 9, "board:bea": 5, "board:leo": 5, "board:mia": 5, "board:tom": 1,
    "chair:ana": 3, "chair:none": 5, "chair:-blank": 4,
    "dues:yes": 7, "dues:no": 3, "dues:abstain": 1, "dues:-blank": 1,
}  # fmt: skip
DECIDED = LIVELY | {
    "board:bea": 8,
    "board:leo": 7,
    "board:tom": 0,
    "chair:ana": 5,
    "chair:none": 3,
    "dues:yes": 6,
    "dues:no": 4,
}


def make_snapshot(
    counts: Mapping[str, int],
    ballots: int,
    paper: Paper = PAPER,
    entitled: Mapping[str, int] | None = None,
    **changes: Any,
) -> Snapshot:
    """Make a snapshot of counts by count key, of an election that is open."""
    outcomes = json.dumps([one.as_dict() for one in tabulate(paper, counts, ballots, entitled)])
    whole = Snapshot(
        election=Election(slug="drink", short_code="k7p", opens_at=NOON, time_zone="UTC"),
        shown=OutcomeShown(Source(paper.write(), ballots, None, outcomes), paper),
        phase="open",
        final=False,
        version=1,
        pending=0,
        as_of=NOON,
    )
    return replace(whole, **changes)


def approval(counts: Sequence[int], ballots: int) -> Snapshot:
    """Make a snapshot of an approval election with an option for each count."""
    options = tuple(f"o{number}" for number in range(len(counts)))
    paper = Paper("Drink?", "", False, (contest(options=options, method="approval"),))
    return make_snapshot({f"q1:{key}": count for key, count in zip(options, counts, strict=True)}, ballots, paper)


def single(contest: ContestOnBallot) -> Paper:
    """Make a paper with one contest."""
    return Paper("Drink?", "", False, (contest,))


def render(snapshot: Snapshot, language: str = "en") -> str:
    """Write the dashboard of a snapshot in a language; for tests with the URLs of the role `result`."""
    context = {"snapshot": snapshot, "election": snapshot.election, "data": snapshot.as_dict()}
    with translation.override(language):
        return render_to_string("results/dashboard.html", context)


def render_wall(snapshot: Snapshot, language: str = "en", **wall: Any) -> str:
    """Write the wall of a snapshot in a language, as its presenter has set it."""
    data = frame(snapshot, **wall)
    context = {"snapshot": snapshot, "election": snapshot.election, "data": data, "panels": panels(snapshot)}
    with translation.override(language):
        return render_to_string("results/wall.html", context | {"vote_url": "https://vote.example.org"})


def frame(snapshot: Snapshot, **wall: Any) -> dict[str, Any]:
    """Return what the socket of a wall sends."""
    return snapshot.as_dict() | {"wall": as_dict(None) | wall}
