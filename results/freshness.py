"""How old what the database says is: a copy (a streaming replica) may lag, and then answers with old rows.

What a copy has is as of its newest transaction, by the clock of the server that wrote it, and of these the worker makes
one in each second (tally/heartbeat.py). The age is told by Redis's clock, from which the heartbeat has its time as
well: the clocks of two servers are never compared. The server that is written to has no age.
"""

import datetime as dt
from typing import Any, NamedTuple, Self

from django.db import OperationalError
from django.db.models import BooleanField, DateTimeField, Func, QuerySet, Subquery

from polls import ballot_box
from polls.ballot_box import copies
from polls.ballot_box.copies import Levels
from tally import store
from tally.models import Heartbeat

# Data of this age are called old, by pages and here; see link.js.
STALE_S = 5.0
# A head of a record that is older is not told. A browser that finds a head smaller than the one it keeps looks again
# after three seconds (heads.js) before it says that the record went back: by then a copy this old has grown.
HEAD_S = 3.0


class ClockTimestamp(Func):
    """PostgreSQL's clock at this very moment, not at the start of the transaction."""

    function = "clock_timestamp"
    output_field = DateTimeField()


class IsCopy(Func):
    """Whether this server replays what another one writes."""

    function = "pg_is_in_recovery"
    output_field = BooleanField()


class ReplayedAt(Func):
    """When the newest transaction ended that this server has replayed, by the clock of the one that wrote it."""

    function = "pg_last_xact_replay_timestamp"
    output_field = DateTimeField()


class Origin(NamedTuple):
    """What a server says of itself; asked before the rows, so that these have all that is replayed by then."""

    is_copy: bool
    replayed_at: dt.datetime | None


class Read(NamedTuple):
    """What a row has that `with_heartbeat` has annotated."""

    read_at: dt.datetime
    heartbeat_at: dt.datetime | None
    heartbeat_time: int | None


class Freshness(NamedTuple):
    """The moment as of which rows were read, and their age in seconds; None on the server that is written to."""

    as_of: dt.datetime
    age: float | None = None

    @classmethod
    def of(cls, origin: Origin, levels: Levels, row: Any) -> Self:
        """Tell how fresh a row is that `with_heartbeat` has annotated; raises OperationalError if that is unknown.

        `levels` were read before the row. If they know a heartbeat that the row does not have, then this server is none
        that is written to, whatever it says: a copy that was promoted while the worker went on with another one.
        """
        beaten_at, box_time = row.heartbeat_at, row.heartbeat_time
        if not origin.is_copy and (box_time is None or levels.heartbeat <= box_time):
            return cls(row.read_at)
        moments = [moment for moment in (beaten_at, origin.replayed_at) if moment]
        if not moments:
            raise OperationalError("this copy of the database has nothing that tells its age: start a worker")
        at, now = max(moments), copies.clock.now()
        if now is None or box_time is None:
            # Redis has never answered this process: the clocks of both servers are all there is.
            age = (row.read_at - at).total_seconds()
        else:
            age = (now - box_time) / 1000 - (at - beaten_at).total_seconds()
        age = max(age, 0.0)
        # Of two reads of the same data the later one replaces the earlier one on a page, where its time has to be
        # higher: a thousandth of the age makes it so.
        return cls(at + dt.timedelta(seconds=age / 1000), age)


def with_origin(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate rows with what Origin has, under its names."""
    return rows.annotate(is_copy=IsCopy(), replayed_at=ReplayedAt())


def with_heartbeat(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate rows with the newest heartbeat, and with the server's clock."""
    newest = Heartbeat.objects.filter(pk=Heartbeat.ROW)
    return rows.annotate(
        read_at=ClockTimestamp(),
        heartbeat_at=Subquery(newest.values("at")),
        heartbeat_time=Subquery(newest.values("box_time")),
    )


def read_levels(boxes: list[tuple[int, int]]) -> Levels:
    """Return the levels of boxes, UNKNOWN while Redis does not answer."""
    try:
        return copies.read_levels(boxes)
    except ballot_box.Unavailable:
        return copies.UNKNOWN


def read_age() -> float | None:
    """Return the age of what this thread reads next, in seconds; None on the server that is written to.

    Raises the database's errors.
    """
    [origin] = store.run("SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp()", [])
    levels = read_levels([])
    [row] = store.run(
        """
        SELECT clock_timestamp(), beat.at, beat.box_time
        FROM (SELECT 1) AS one LEFT JOIN tally_heartbeat AS beat ON beat.id = %s
        """,
        [Heartbeat.ROW],
    )
    return Freshness.of(Origin(*origin), levels, Read(*row)).age


def require_head_of_now() -> None:
    """Raise OperationalError on a copy that is so old that its head of a record may be smaller than one told before."""
    if (age := read_age() or 0) > HEAD_S:
        raise OperationalError(f"this copy of the database is {age:.1f} s old: it tells no head of a record")
