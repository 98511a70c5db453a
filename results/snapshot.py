"""The one message shape, for page, JSON and socket: what a results page shows at one version."""

import datetime as dt
import json
import logging
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from polls import ballot_box, methods
from polls.design import Paper
from polls.methods import BallotPaper, Result
from polls.models import Design, Election
from tabulation.counts import InvalidCounts
from tally.models import Count, Tally

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """What is shown of one election; `as_of` is PostgreSQL's time, `pending` None while the box is out of reach.

    Words come from `paper`, which is what voters see, and not from the election, which is what its organiser wrote.
    """

    election: Election
    paper: Paper
    phase: str
    final: bool
    version: int
    ballots: int
    pending: int | None
    as_of: dt.datetime
    result: Result

    def as_dict(self) -> dict[str, Any]:
        """Return the snapshot as the contract has it."""
        return {
            "election": self.election.slug,
            "title": self.paper.title,
            "method": self.paper.method,
            "phase": self.phase,
            "final": self.final,
            "version": self.version,
            "ballots": self.ballots,
            "pending": self.pending,
            "as_of": write_time(self.as_of),
            "opens_at": write_time(self.election.opens_at),
            "closes_at": write_time(self.election.closes_at) if self.election.closes_at else None,
            "options": [
                {
                    "key": one.key,
                    "label": one.label,
                    "count": one.count,
                    "share": one.share,
                    # Beside the share, so that page and script write the same figure and neither of them rounds.
                    "permille": one.permille,
                }
                for one in self.result.options
            ],
            "winners": list(self.result.winners),
            **self.result.extra,
        }

    @property
    def content(self) -> str:
        """Return what is shown, without its age: equal text means that nobody has to draw anything new."""
        shown = self.as_dict()
        del shown["as_of"]
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))


def write_time(moment: dt.datetime) -> str:
    """Write a time in UTC, always with microseconds, so that text order is time order."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class ClockTimestamp(Func):
    """PostgreSQL's clock at this very moment, not at the start of the transaction."""

    function = "clock_timestamp"
    output_field = DateTimeField()


# What a page shows or needs for it. The role may read no other column.
_READ = (
    "slug", "opens_at", "closes_at", "time_zone", "shards", "revision", "in_force", "offered", "sealed_at", "final_at",
)  # fmt: skip


def _total(field: str) -> Coalesce:
    totals = Tally.objects.filter(election=OuterRef("pk")).order_by().values("election").annotate(total=Sum(field))
    return Coalesce(Subquery(totals.values("total")), 0, output_field=IntegerField())


def read_snapshots(elections: QuerySet[Election]) -> list[Snapshot]:
    """Read the snapshots of `elections` in one statement, and so as of one moment; raises the database's errors.

    Its cost depends on the number of options, not on the number of ballots. An election whose counts contradict each
    other has no result: it is left out, and the log says so, so that the pages of all others go on.
    """
    snapshots = []
    for election, pending in _read_rows(elections):
        try:
            snapshots.append(_snapshot(election, pending))
        except InvalidCounts as error:
            logger.error("no results of %s, its counts are damaged: %s; run `recount`", election.slug, error)
    return snapshots


def read_snapshot(elections: QuerySet[Election]) -> Snapshot | None:
    """Read the snapshot of the only one of `elections`, None if there is none; raises InvalidCounts as well."""
    return next((_snapshot(election, pending) for election, pending in _read_rows(elections)), None)


def _read_rows(elections: QuerySet[Election]) -> list[tuple[Any, int | None]]:
    """Read what `_snapshot` needs of each election, and how many of its ballots wait; None where Redis is down."""
    # Before the box has taken a first design there is only the one that was offered.
    shown = Design.objects.filter(
        Q(hash=OuterRef("in_force")) | Q(hash=OuterRef("offered"), election__in_force=""), election=OuterRef("pk")
    )
    counts = Count.objects.filter(election=OuterRef("pk")).order_by().values("key").annotate(total=Sum("n"))
    rows = list(
        elections.only(*_READ).annotate(
            as_of=ClockTimestamp(),
            version=F("revision") + _total("version"),
            ballots=_total("ballots"),
            paper=Subquery(shown.values("paper")),
            counts=ArraySubquery(counts.values(json=JSONObject(key="key", n="total"))),
        )
    )
    try:
        waiting = ballot_box.count_waiting([(election.pk, election.shards) for election in rows])
    except ballot_box.Unavailable:
        waiting = {}
    return [(election, waiting.get(election.pk)) for election in rows]


def _snapshot(row: Any, pending: int | None) -> Snapshot:
    """Build a snapshot from an election with the annotations of `_read_rows`."""
    paper = Paper.read(row.paper)
    counts = {count["key"]: int(count["n"]) for count in row.counts}
    return Snapshot(
        election=row,
        paper=paper,
        phase=row.phase(row.as_of),
        final=row.final_at is not None,
        version=row.version,
        ballots=row.ballots,
        pending=pending,
        as_of=row.as_of,
        result=methods.get(paper.method).result(counts, row.ballots, BallotPaper(paper.options, paper.max_choices)),
    )
