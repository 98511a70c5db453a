"""Make the outcome of an election: once, by the worker, for everybody who looks at the results.

It is made after a round of the count, in a transaction of its own; where results go in steps, only after enough rounds
(steps.py). An outcome that takes long is made less often, so that counting has most of a worker's time. `catch_up`
makes at each tick the outcomes that were left out.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat, Now

from polls import methods
from polls.design import Paper
from polls.life import COUNTED
from polls.models import Design, Election, Shows
from polls.outages import is_outage
from polls.withholding import WITHHELD, withheld
from tabulation.canonical_json import Json
from tabulation.contest import Contest
from tabulation.counts import split_by_contest
from tabulation.draw import Draw
from tabulation.outcome import Outcome
from tabulation.shares import permille

from . import metrics, steps, store, tie_breaks, withdrawals
from .announce import announce
from .contests_shown import show_contests, write_json
from .models import Count, StoredOutcome, Tally, Turnout
from .pace import carry_on
from .withdrawals import Recounted

logger = logging.getLogger(__name__)

# An outcome that takes no longer than this is made after every round.
QUICK_S = 0.05
# An outcome that takes longer is not made again for this many times as long.
REST = 4

_OF_TURNOUT = (
    "turnout__is_known", "turnout__design", "turnout__entitled", "turnout__weight", "turnout__is_weighted",
    "turnout__contests", "turnout__groups",
)  # fmt: skip

# When an outcome of this election may be made again by this process, in seconds of `time.monotonic`.
_rests_until: dict[int, float] = {}


class ContestOutcome(NamedTuple):
    """The outcome of one contest of a paper.

    All numbers are in votes: `ballots` that have the contest, those of them that are `blank`, and how many votes were
    `entitled` to it, None where there is no roll. `notes` say who drew its lots. `recounted` is the second outcome,
    without the options that have withdrawn.
    """

    key: str
    ballots: int
    blank: int
    entitled: int | None
    outcome: Outcome
    notes: tuple[str, ...] = ()
    recounted: Recounted | None = None

    def as_dict(self) -> dict[str, Json]:
        """Return plain JSON, as it is stored."""
        plain: dict[str, Json] = {
            "key": self.key, "ballots": self.ballots, "blank": self.blank, "entitled": self.entitled,
            "outcome": self.outcome.as_dict(),
        }  # fmt: skip
        if self.notes:
            plain["notes"] = list(self.notes)
        if self.recounted:
            plain["recounted"] = self.recounted.as_dict()
        return plain

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any], ballots: int) -> Self:
        """Read what `as_dict` returns; raises ValueError where it is something else.

        The last release did not write `ballots`: each contest had those of the paper, which are given here.
        """
        key, blank, outcome = fields["key"], fields["blank"], fields["outcome"]
        if not (isinstance(key, str) and isinstance(blank, int) and isinstance(outcome, Mapping)):
            raise ValueError(f"{key!r} has no outcome")
        own, entitled = fields.get("ballots", ballots), fields.get("entitled")
        if not (isinstance(own, int) and isinstance(entitled, int | None)):
            raise ValueError(f"{key!r} has {own!r} ballots, of {entitled!r}")
        recounted = Recounted.from_dict(fields["recounted"]) if "recounted" in fields else None
        notes = tuple(fields.get("notes", ()))
        return cls(key, own, blank, entitled, Outcome.from_dict(outcome), notes, recounted)


def tabulate(
    paper: Paper,
    counts: Mapping[str, int],
    ballots: int,
    entitled: Mapping[str, int] | None = None,
    draw: Draw | None = None,
) -> list[ContestOutcome]:
    """Compute the outcome of each contest from the counts of the whole paper; raises InvalidCounts.

    All numbers are in votes, and `entitled` has them by contest where there is a roll.
    """
    split = split_by_contest(counts, [contest.key for contest in paper.contests])
    outcomes = []
    for contest in paper.contests:
        own = split[contest.key]
        having = own.ballots if contest.groups else ballots
        # Who was struck from the roll, or weighs less since, may have voted before: that vote stands.
        of = None if entitled is None else max(entitled[contest.key], having)
        given = Contest(
            contest.keys, contest.seats, contest.counting_rules, having, own.blank, of, key=contest.key, draw=draw
        )
        outcome = methods.get(contest.method).tabulate(given, own.counts)
        outcomes.append(ContestOutcome(contest.key, having, own.blank, of, outcome))
    return outcomes


def renew(election: int, step: int = 1) -> bool:
    """Make the outcome of an election whose count has changed, unless it has to rest; tell whether it was made.

    Where it rests, that is noted, so that no page says that all ballots are shown. Whoever knows that results go in
    steps of several ballots says it: then what would not be shown is not even computed.
    """
    if step > 1 and not steps.reaches(election, step):
        return False
    if time.monotonic() < _rests_until.get(election, 0):
        store.note_counted(election)
        return False
    return make_outcome(election)


def catch_up() -> None:
    """Make the outcomes that do not show the newest count, the paper in force, or what may be seen by now."""
    may_change = (
        Q(state__in=COUNTED) | Q(result_revision__gt=F("outcome__result_revision")) | Q(outcome__withheld__gt="")
    )
    for election in outdated(Election.objects.published().filter(may_change)):
        if renew(election):
            announce(election)


def make_all() -> None:
    """Make each outcome that is missing or outdated, also those of elections that are final."""
    for election in outdated(Election.objects.published()):
        make_outcome(election)


def outdated(elections: QuerySet[Election]) -> list[int]:
    """Return the numbers of those elections whose stored outcome is not the newest."""
    newest = StoredOutcome.objects.filter(
        ~Q(shown_of=""), election=OuterRef("pk"), version__gte=OuterRef("counted_version"),
        design=OuterRef("in_force"), result_revision=OuterRef("result_revision"), withheld=OuterRef("kept_back"),
    )  # fmt: skip
    return list(
        elections.annotate(
            counted_version=_total("version"), ballots=_total("ballots"), unshown=steps.UNSHOWN, kept_back=WITHHELD
        )
        .filter(~Q(in_force=""), ~Exists(newest), ~steps.HELD)
        .values_list("pk", flat=True)
    )


def make_outcome(election: int, *, last: bool = False) -> bool:
    """Compute the outcome of an election as it stands now, and store it; raises the database's errors.

    If none can be computed, the row says so, the log says why, and the count goes on. Where the result may not be seen
    yet, it is not even computed: neither a row, nor the log, nor the time that it takes can tell it.
    Returns False where results go in steps, and another outcome may not be shown yet. The `last` one of an election,
    whose box is sealed and empty, may always.
    """
    started = time.monotonic()
    row = read(election)
    if not steps.go_on(row):
        _make(row, started, keep)
        return True
    with steps.alone(election, wait=last) as alone:
        if not alone:
            return False
        row = read(election, **steps.STANDING)
        if last or steps.is_due(row):
            _make(row, started, partial(_keep_step, last=last))
            return True
    return False


def _make(row: Any, started: float, keep: Callable[..., None]) -> None:
    """Compute and keep the outcome of an election that `read` returned; `started` is a time of `time.monotonic`."""
    outcomes = None
    try:
        if not _kept_back(row):
            outcomes = decide(row, parse_counts(row.counts))
    except Exception as error:
        if is_outage(error):
            raise
        logger.exception("ALARM %s: there is no outcome, its counts contradict each other; run `recount`", row.slug)
    keep(row, outcomes, rest=int(rest_after(time.monotonic() - started)))
    seconds = time.monotonic() - started
    metrics.OUTCOME_SECONDS.observe(seconds)
    _rests_until[row.pk] = time.monotonic() + rest_after(seconds)


def decide(row: Any, counts: Mapping[str, int]) -> list[ContestOutcome]:
    """Compute the outcome of an election that `read` returned, with its roll, lots, draw and withdrawals.

    Raises InvalidCounts.
    """
    paper = Paper.read(row.paper)
    turnout = _known_turnout(row)
    entitled = _entitled(paper, turnout) if turnout else None
    votes = row.ballots + row.extra_weight
    if not row.result_revision:
        return tabulate(paper, counts, votes, entitled)
    draw = tie_breaks.read_draw(row)
    notes, recounted = tie_breaks.read_notes(row), withdrawals.recount(row, paper, draw)
    return [
        one._replace(notes=notes.get(one.key, ()), recounted=recounted.get(one.key))
        for one in tabulate(paper, counts, votes, entitled, draw)
    ]


def keep(row: Any, outcomes: list[ContestOutcome] | None, *, rest: int = 0) -> None:
    """Store the outcome of an election that `read` returned, as the worker and as results pages read it."""
    kept_back = _kept_back(row)
    turnout = None if kept_back == Shows.HIDDEN else _known_turnout(row)
    weight = row.ballots + row.extra_weight
    is_weighted = kept_back != Shows.HIDDEN and (row.extra_weight or (turnout and turnout.is_weighted))
    contests = outcomes and show_contests(Paper.read(row.paper), outcomes)
    store.save_outcome(
        row.pk,
        design=row.in_force,
        version=row.version,
        ballots=row.ballots,
        contests=None if outcomes is None else [one.as_dict() for one in outcomes],
        shown=write_json([one.as_dict() for one in contests]) if contests else "",
        weight=weight if is_weighted else None,
        turnout=tell_turnout(turnout, row.ballots, weight) if turnout else None,
        pace=None if kept_back == Shows.HIDDEN else carry_on(row.pace, row.now, row.ballots, row.shown_before),
        rest=rest,
        result_revision=row.result_revision,
        withheld=kept_back,
    )


@transaction.atomic
def _keep_step(row: Any, outcomes: list[ContestOutcome] | None, *, rest: int, last: bool) -> None:
    turnout = _known_turnout(row)
    if turnout and not last:
        # It is of another moment, so that its differences could be of fewer voters.
        turnout.groups = []
    keep(row, outcomes, rest=rest)
    steps.note_shown(row)


def _kept_back(row: Any) -> str:
    """Return the results rule that keeps the outcome back, by the paper on which people vote."""
    return withheld(Paper.read(row.paper).shows, row.state, row.released_at)


def _known_turnout(row: Any) -> Turnout | None:
    """Return the turnout if the worker has noted it for the paper in force."""
    turnout: Turnout | None = getattr(row, "turnout", None)
    return turnout if turnout and turnout.is_known and turnout.design == row.in_force else None


def _entitled(paper: Paper, turnout: Turnout) -> dict[str, int]:
    """Return the votes entitled to each contest."""
    return {one.key: turnout.contests.get(one.key, turnout.weight) for one in paper.contests}


def tell_turnout(turnout: Turnout, voted: int, weight: int) -> dict[str, Any]:
    """Return the turnout as snapshots have it: voters, and their votes where some have more than one."""
    # A weight that was lowered, or an entry struck, after the vote.
    told = _with_share(voted, max(turnout.entitled, voted))
    if turnout.is_weighted:
        told |= {"weight": weight, "entitled_weight": max(turnout.weight, weight)}
    if turnout.groups:
        told["groups"] = [{**one, **_with_share(one["voted"], one["entitled"])} for one in turnout.groups]
    return told


def _with_share(voted: int, entitled: int) -> dict[str, Any]:
    return {"voted": voted, "entitled": entitled, "permille": permille(voted, entitled)}


def rest_after(seconds: float) -> float:
    """Return how long no other outcome is made after one that has taken some seconds."""
    return REST * seconds if seconds > QUICK_S else 0


def read(election: int, **more: Any) -> Any:
    """Read all that an outcome is made of in one statement, and so as of one moment, with `more` expressions."""
    designs = Design.objects.filter(hash=OuterRef("in_force"), election=OuterRef("pk"))
    counts = Count.objects.filter(election=OuterRef("pk")).order_by().values("key").annotate(total=Sum("n"))
    return (
        Election.objects.only(
            "slug", "in_force", "draw_secret", "result_revision", "state", "released_at", *_OF_TURNOUT
        )
        .select_related("turnout")
        .annotate(
            version=_total("version"),
            ballots=_total("ballots"),
            extra_weight=_total("extra_weight"),
            paper=Subquery(designs.values("paper")),
            now=Now(),
            pace=F("outcome__pace"),
            shown_before=Coalesce(F("outcome__ballots"), 0),
            # One text, written and read faster than JSON or rows: there is a line for each different ranking.
            counts=Func(
                ArraySubquery(
                    counts.values(line=Concat(Cast("total", TextField()), Value(" "), "key", output_field=TextField()))
                ),
                Value("\n"),
                function="array_to_string",
                output_field=TextField(),
            ),
            **more,
        )
        .get(pk=election)
    )


def parse_counts(text: str) -> dict[str, int]:
    """Return the counts by their keys, as `read` writes them: a line for each, its number first."""
    parts = (line.partition(" ") for line in text.split("\n") if line)
    return {key: int(number) for number, _space, key in parts}


def _total(field: str) -> Coalesce:
    totals = Tally.objects.filter(election=OuterRef("pk")).order_by().values("election").annotate(total=Sum(field))
    return Coalesce(Subquery(totals.values("total")), 0, output_field=BigIntegerField())
