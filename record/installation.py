"""Keep the log of the installation: what has happened with its elections, for witnesses that then cover all of them.

Nothing is handed over: what the log has is compared with how elections are now, so that what happened while no worker
ran is entered later. Only what everybody can read anyhow is entered: nothing of a draft, and of the record the head
that is served, which tells no number as long as the result is hidden. Elections that are unlisted are left out.
"""

import datetime as dt
import time
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import (
    BooleanField,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from polls.life import State
from polls.models import Election
from tally.certified import write_time

from . import logs, sequencer
from .event import Event, Kind
from .formats.note import Note
from .formats.tree import leaf_hash
from .models import InstallationEvent, InstallationLog, InstallationSecret

# Between two checkpoints of one record that are entered while it grows.
PAUSE = dt.timedelta(minutes=1)
# Seconds after which this process compares all elections again. In between it looks only at those of which something
# may have changed lately: comparing ten thousand takes some 0.3 s.
COMPARED_AGAIN_S = 60.0
LATELY = dt.timedelta(minutes=5)
# Elections whose events are entered in one transaction.
CHUNK = 500
CLOSED = (State.CLOSED, State.FINAL, State.CERTIFIED)


# When this process compares all elections the next time, in seconds of `time.monotonic`.
_due = {"all": 0.0}


def keep_often() -> None:
    """Do what `keep` does, to be called each second: mostly only for elections of which something may have changed."""
    is_due = time.monotonic() >= _due["all"]
    keep(changed=Q() if is_due else _changed_lately(timezone.now()))
    if is_due:
        _due["all"] = time.monotonic() + COMPARED_AGAIN_S


def keep(*, now: dt.datetime | None = None, changed: Q = Q()) -> None:  # noqa: B008
    """Begin the log if there is none, and enter what is missing, unless another worker is at it.

    `changed` is the condition of the elections that are looked at.
    """
    now = now or timezone.now()
    if not InstallationLog.objects.exists():
        logs.begin_installation()
    while behind(now).filter(changed).exists() and _enter_some(now, changed):
        pass


def _changed_lately(now: dt.datetime) -> Q:
    since = now - LATELY
    return (
        Q(state__in=(State.PUBLISHED, State.CLOSED))
        | Q(final_at__gt=since)
        | Q(released_at__gt=since)
        | Q(certified_at__gt=since)
    )


def behind(now: dt.datetime) -> QuerySet[Election]:
    """Return the elections of which something is missing in the log; `lacks_...` says what, by kind of event."""
    events = InstallationEvent.objects.filter(election=OuterRef("pk"))
    is_newer = Q(entered=None) | ~Q(entered=F("head"))
    lacking = {
        # A text may be mended until the first ballot comes, and then there is another paper.
        Kind.FROZEN: Q(frozen=None) | ~Q(frozen__startswith=F("in_force")),
        Kind.CLOSED: ~Exists(events.filter(kind=Kind.CLOSED)) & Q(state__in=CLOSED),
        # That there is no entry is told once it stays so.
        Kind.CHECKPOINT: is_newer
        & (
            Q(log__fates__isnull=False)
            | Q(~Exists(events.filter(kind=Kind.CHECKPOINT, added_at__gt=now - PAUSE)), log__size__gt=0)
        ),
        Kind.RESULT: ~Exists(events.filter(kind=Kind.RESULT)) & Q(certified__isnull=False),
    }
    return (
        Election.objects.published()
        .filter(Q(opened_at__isnull=False) | Q(state__in=CLOSED), unlisted=False)
        .exclude(in_force="")
        .annotate(
            frozen=_newest(events, Kind.FROZEN),
            entered=_newest(events, Kind.CHECKPOINT),
            head=Concat("log__origin", Value(" "), Cast("log__size", CharField())),
        )
        .annotate(**{f"lacks_{kind}": ExpressionWrapper(lacks, BooleanField()) for kind, lacks in lacking.items()})
        .filter(reduce(or_, (Q((f"lacks_{kind}", True)) for kind in lacking)))
        .order_by("pk")
    )


def _newest(events: QuerySet[InstallationEvent], kind: Kind) -> Subquery:
    """Return the subject of the newest event of a kind."""
    return Subquery(events.filter(kind=kind).order_by("-place").values("subject")[:1])


@transaction.atomic
def _enter_some(now: dt.datetime, changed: Q) -> bool:
    """Enter what is missing of some elections; tell whether it was this worker that could."""
    log = InstallationLog.objects.select_for_update(skip_locked=True).first()
    if log is None:
        return False
    rows: list[InstallationEvent] = []
    found = behind(now).filter(changed).annotate(checkpoint=F("log__checkpoint"), digest=F("certified__hash"))
    for election in found.only("slug", "in_force", "opens_at", "closes_at", "mended_at")[:CHUNK]:
        for subject, event in _missing(election):
            rows.append(
                InstallationEvent(
                    place=log.size + len(rows),
                    election=election,
                    kind=event.kind,
                    subject=subject,
                    entry=event.to_bytes().decode(),
                    added_at=now,
                )
            )
    InstallationEvent.objects.bulk_create(rows)
    key = InstallationSecret.objects.values_list("signer_key", flat=True).get()
    sequencer.append(log, [leaf_hash(row.entry.encode()) for row in rows], key)
    return True


def _missing(election: Any) -> Iterator[tuple[str, Event]]:
    """Yield the events that an election of `behind` lacks in their order, each with its subject."""
    slug = election.slug
    if election.lacks_frozen:
        since = election.mended_at or election.opening
        yield f"{election.in_force} {since.isoformat()}", Event.frozen(slug, election.in_force, write_time(since))
    if election.lacks_closed:
        yield "", Event.closed(slug, write_time(election.closes_at))
    if election.lacks_checkpoint:
        yield election.head, Event.checkpoint(slug, Note.parse(election.checkpoint.encode()).text)
    if election.lacks_result:
        yield "", Event.result(slug, election.digest)
