"""The one message shape, for page, JSON and socket: what a results page shows at one version."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any, NamedTuple, Self

from django.db import OperationalError, connection
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Concat, NullIf

from polls import markings, methods
from polls.ballot_box.copies import Levels
from polls.design import Paper
from polls.life import HAS_RESULT, Phase
from polls.models import Design, Election, Shows
from tally.contests_shown import ContestShown, write_json
from tally.models import StoredOutcome
from tally.outcomes import tabulate

from .freshness import STALE_S, Freshness, Origin, read_levels, with_heartbeat, with_origin
from .outcome_shown import OutcomeShown, Source
from .pace_shown import PaceShown

logger = logging.getLogger(__name__)

# Invented ballots in the preview of a results page.
PREVIEWED_BALLOTS = 120


class Certificate(NamedTuple):
    """When a result was certified, and the SHA-256 of its text."""

    at: dt.datetime
    hash: str

    def as_dict(self) -> dict[str, str]:
        return {"at": write_time(self.at), "sha256": self.hash}


@dataclass(frozen=True)
class Snapshot:
    """What is shown of one election; `as_of` is PostgreSQL's time.

    `pending` is None while it is not known: the box is out of reach; or the newest ballots are counted but not shown,
    since the outcome takes long; or this is read from a copy of the database that does not have yet what has left the
    box. It is None as well until the result is final, if results go in steps.
    Words come from `paper`, which is what voters see, and not from the election, which is what its organiser wrote.
    """

    election: Election
    shown: OutcomeShown
    phase: str
    final: bool
    version: int
    pending: int | None
    as_of: dt.datetime
    # How old it was when it was read, in seconds; None where it comes from the server that is written to.
    age: float | None = None
    # Ballots have left the box that are not here yet.
    lacks_counted: bool = False
    # Seconds between two outcomes at least, 0 where each round of the count has its own.
    rest: int = 0
    # What the ballots weigh together, where weights differ; and voted and entitled, where there is a roll.
    weight: int | None = None
    turnout: dict[str, Any] | None = None
    # How many ballots were counted when; None where their number is hidden, and before the first one.
    pace: PaceShown | None = None
    # How many ballots wait, for the office alone: it is told also where results are hidden.
    waiting: int | None = None
    # Once the result is certified.
    certified: Certificate | None = None

    @property
    def paper(self) -> Paper:
        return self.shown.paper

    @property
    def withheld(self) -> str:
        """Return the results rule that keeps the outcome back, "" for none."""
        return self.shown.source.withheld

    @property
    def ballots(self) -> int | None:
        """Return how many ballots are counted, None where even that is hidden."""
        return None if self.withheld == Shows.HIDDEN else self.counted

    @property
    def counted(self) -> int:
        """Return how many ballots are counted, for the office."""
        return self.shown.source.ballots

    @property
    def is_stale(self) -> bool:
        """Tell whether it was so old when it was read that it may not be shown without saying so."""
        return (self.age or 0) > STALE_S

    @property
    def contests(self) -> Sequence[ContestShown]:
        return self.shown.contests

    def in_language(self, language: str) -> Self:
        """Return the snapshot for a page that shows the texts of the paper in one of its languages."""
        return replace(self, shown=self.shown.in_language(language))

    def shows_the_same_as(self, other: "Snapshot") -> bool:
        """Tell whether nobody has to draw anything new: all that differs may be the age."""
        return self.shown.source.shows_the_same_as(other.shown.source) and self._heading == other._heading

    @cached_property
    def _heading(self) -> dict[str, Any]:
        """Return what is shown beside the contests."""
        return {
            "election": self.election.slug,
            "title": self.paper.title,
            "phase": self.phase,
            "final": self.final,
            "certified": self.certified is not None,
            "certificate": self.certified and self.certified.as_dict(),
            "version": self.version,
            "ballots": self.ballots,
            "pending": self.pending,
            "rest": self.rest,
            "opens_at": write_time(self.election.opening),
            "closes_at": write_time(self.election.closes_at) if self.election.closes_at else None,
            "shows": self.paper.shows,
            **({"step": self.paper.step} if self.paper.step > 1 else {}),
            "withheld": bool(self.withheld),
            "turnout": self.turnout,
            "weight": self.weight,
            "pace": self.pace and self.pace.as_dict(),
            "draw": self.draw,
            **({"languages": list(self.paper.languages)} if self.paper.language else {}),
            **({"mended_at": write_time(self.election.mended_at)} if self.election.mended_at else {}),
        }

    @property
    def draw(self) -> dict[str, str | None] | None:
        """Return the SHA-256 of the secret from which ties are drawn, and the secret once it is revealed."""
        if not self.paper.draw_hash:
            return None
        return {"sha256": self.paper.draw_hash, "secret": self.election.draw_secret or None}

    def as_dict(self) -> dict[str, Any]:
        """Return the snapshot as the contract has it."""
        contests = self.shown.asked if self.withheld else [one.as_dict() for one in self.contests]
        return self._heading | {"contests": contests} | self._times

    def to_json(self) -> str:
        """Write what `as_dict` returns, without encoding the contests again."""
        return self._end()

    def to_json_with_translations(self) -> str:
        """Write the same, and how the paper reads in its other languages; frames leave that out, to stay small."""
        others = self.paper.languages[1:]
        words = {code: self.shown.in_language(code).words for code in others}
        return self._end(f'"translations":{write_json(words)},')

    def _end(self, more: str = "") -> str:
        return f"{self.content},{more}{write_json(self._times)[1:]}"

    @property
    def _times(self) -> dict[str, Any]:
        """Return what changes with each read, and so is no part of the content."""
        age = {} if self.age is None else {"age": round(self.age, 3)}
        return {"as_of": write_time(self.as_of), **age}

    @cached_property
    def content(self) -> str:
        """Return the JSON without its end: all but the moment at which it was read."""
        texts = {name: write_json(value) for name, value in self._heading.items()} | {"contests": self.shown.json}
        return "{" + ",".join(f'"{name}":{text}' for name, text in texts.items())


def write_time(moment: dt.datetime) -> str:
    """Write a time in UTC, always with microseconds, so that text order is time order."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# What a page shows or needs for it. The role may read no other column.
_READ = (
    "slug", "opens_at", "closes_at", "time_zone", "shards", "revision", "in_force", "offered", "state", "sealed_at",
    "cancel_reason", "cancelled_at", "final_at", "released_at", "mended_at", "draw_secret", "short_code",
    "providers", "witness_quorum", "highest_witness_quorum",
    "outcome__design", "outcome__version", "outcome__counted_version", "outcome__ballots", "outcome__rest",
    "outcome__weight", "outcome__turnout",
    "outcome__pace", "outcome__result_revision", "outcome__withheld", "certified_at", "certified__hash",
)  # fmt: skip


# Elections of which the outcome that was read last is kept. One with 1,000 options takes about a megabyte.
KEPT = 32
_kept: dict[int, OutcomeShown] = {}
# The version of each election that was read last.
_versions: dict[int, int] = {}

# What the worker has written for frames, if it belongs to the outcome beside it.
_FRAME = Case(
    When(
        outcome__shown_of=Concat(
            *(Cast("outcome__version", TextField()), Value(" "), Cast("outcome__result_revision", TextField())),
            *(Value(" "), "outcome__design"),
            output_field=TextField(),
        ),
        then=NullIf(F("outcome__shown"), Value("")),
    ),
    output_field=TextField(),
)
# PostgreSQL's codes for a statement that a copy has cancelled, because what it replays removes rows or locks a table.
_CONFLICTS = {"40001", "40P01"}
_OUTCOMES = Cast("outcome__contests", TextField())


class NoOutcome(Exception):
    """An election has no result, since its counts contradict each other; says what to do."""


def read_snapshots(elections: QuerySet[Election], *, whole: bool = False) -> list[Snapshot]:
    """Read the snapshots of `elections` as of one moment; raises the database's errors.

    If they are not `whole`, they have all that frames need, and not their contests for pages. The cost depends on the
    length of the paper, not on what was counted. An election that has no outcome is left out, and the log says so, so
    that the pages of all others go on.
    """
    snapshots = []
    for read in _read_rows(elections, whole):
        try:
            snapshots.append(_snapshot(*read))
        except NoOutcome as error:
            logger.error("%s", error)
    return snapshots


def read_snapshot(elections: QuerySet[Election], *, whole: bool = False) -> Snapshot | None:
    """Read the snapshot of the only one of `elections`, None if there is none; raises NoOutcome as well."""
    return next((_snapshot(*read) for read in _read_rows(elections, whole)), None)


def _read_rows(elections: QuerySet[Election], whole: bool) -> list[tuple[Any, Freshness, Levels]]:
    """Read what `_snapshot` needs of each election, and once more if a copy has cancelled that to go on replaying."""
    try:
        return _read_rows_once(elections, whole)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) not in _CONFLICTS or connection.in_atomic_block:
            raise
    return _read_rows_once(elections, whole)


def _read_rows_once(elections: QuerySet[Election], whole: bool) -> list[tuple[Any, Freshness, Levels]]:
    boxes = list(with_origin(elections).values_list("pk", "shards", "is_copy", "replayed_at"))
    if not boxes:
        return []
    # The box first: what leaves it afterwards is in the outcomes read here. So "nothing waits" means "all is shown".
    levels = read_levels([(election, shards) for election, shards, *_ in boxes])
    origin = Origin(*boxes[0][2:])
    # Before the box has taken a first design there is only the one that was offered.
    shown = Design.objects.filter(
        Q(hash=OuterRef("in_force")) | Q(hash=OuterRef("offered"), election__in_force=""), election=OuterRef("pk")
    )
    rows = (
        with_heartbeat(elections.only(*_READ))
        .select_related("outcome", "certified")
        .annotate(
            paper=Subquery(shown.values("paper")),
            frame=_FRAME,
            has_outcome=Q(outcome__contests__isnull=False),
            other_head_at=F("log__other_head_at"),
        )
        .annotate(outcomes=_OUTCOMES if whole else Case(When(frame=None, then=_OUTCOMES)))
    )
    return [(election, Freshness.of(origin, levels, election), levels) for election in rows]


def _snapshot(row: Any, freshness: Freshness, levels: Levels) -> Snapshot:
    """Build a snapshot from an election with the annotations of `_read_rows`; raises NoOutcome."""
    newest: StoredOutcome | None = getattr(row, "outcome", None)
    # Of another paper there is nothing to show: from its first ballot on a paper is never replaced.
    stored = newest if newest and newest.design == row.in_force else None
    if stored is None:
        shows = Paper.read(row.paper).shows
        source = Source(row.paper, 0, None, None, "" if shows == Shows.LIVE else shows)
    elif stored.withheld:
        source = Source(row.paper, stored.ballots, None, None, stored.withheld)
    elif not row.has_outcome:
        raise NoOutcome(f"no results of {row.slug}: its counts contradict each other; run `recount`")
    else:
        source = Source(row.paper, stored.ballots, row.frame, row.outcomes)
    as_of, age = freshness
    phase = row.phase(as_of)
    hides_ballots = source.withheld == Shows.HIDDEN
    version = row.revision + (newest.version + newest.result_revision if newest else 0)
    _let_no_version_fall(row, version, age)
    shown = _show(row.pk, source)
    goes_in_steps = shown.paper.step > 1
    known = max(newest.version, newest.counted_version) if newest else 0
    # Where results go in steps, counted ballots are no outcome for a long time.
    lacks_counted = not goes_in_steps and levels.counted.get(row.pk, 0) > known
    # Ballots that are in neither of the two numbers are not kept silent about, however many wait besides.
    is_whole = not (lacks_counted or (newest and newest.is_behind))
    pending = levels.waiting.get(row.pk) if is_whole else None
    pace = stored.pace if stored and not hides_ballots else None
    return Snapshot(
        election=row,
        shown=shown,
        phase=phase,
        final=row.state in HAS_RESULT,
        version=version,
        pending=None if hides_ballots or (goes_in_steps and row.state not in HAS_RESULT) else pending,
        waiting=pending,
        as_of=as_of,
        age=age,
        lacks_counted=lacks_counted,
        rest=stored.rest if stored else 0,
        weight=stored.weight if stored else None,
        turnout=stored.turnout if stored else None,
        pace=PaceShown.of(pace, open_at=as_of if phase == Phase.OPEN else None) if pace else None,
        certified=Certificate(row.certified_at, row.certified.hash) if row.certified_at else None,
    )


def _let_no_version_fall(row: Any, version: int, age: float | None) -> None:
    """Raise OperationalError where a copy has an older version than this process has read, maybe from another server.

    The server that is written to is believed: it may have come back from a backup.
    """
    if age is not None and version < _versions.get(row.pk, 0):
        raise OperationalError(f"this copy of the database has not caught up with what was shown of {row.slug}")
    _versions[row.pk] = version


def _show(election: int, source: Source) -> OutcomeShown:
    """Show an outcome, as it was shown before if it is the same."""
    shown = _kept.get(election)
    if shown is None or not shown.source.shows_the_same_as(source) or source.is_whole > shown.source.is_whole:
        shown = OutcomeShown(source, Paper.read(source.paper))
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[election] = shown
    return shown


def preview(election: Election, paper: Paper, now: dt.datetime) -> Snapshot:
    """Return what the results page would show of a paper after some invented ballots, the same ones each time."""
    chance = Random(election.pk)
    counts: Counter[str] = Counter()
    for _ in range(PREVIEWED_BALLOTS):
        parts = (f"{one.key}={methods.get(one.method).invent(one, chance)}" for one in paper.contests)
        counts.update(markings.count_keys(";".join(parts), paper.contests))
    outcomes = write_json([one.as_dict() for one in tabulate(paper, counts, PREVIEWED_BALLOTS)])
    return Snapshot(
        election=election,
        shown=OutcomeShown(Source(paper.write(), PREVIEWED_BALLOTS, None, outcomes), paper),
        phase=Phase.OPEN,
        final=False,
        version=1,
        pending=0,
        as_of=now,
    )
