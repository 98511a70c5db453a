"""Bring what is published to the ballot box, and store in PostgreSQL what the box decides."""

import copy
import enum
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from . import ballot_box
from .ballot_box import OfferReply, Outcome
from .definition import Definition
from .design import SCHEMES, Paper, hash_paper
from .life import State
from .methods import ContestOnBallot, OptionOnBallot
from .models import Contest, Election, VoterSecret
from .pictures import bring_pictures, remove_orphans

logger = logging.getLogger(__name__)


class Arrival(enum.Enum):
    """How far a publication has come.

    TAKEN: the box has taken it. REFUSED: the box has refused it, and PostgreSQL has what the box holds. WAITING: the
    box has not decided yet. CONTRADICTED: the box holds what cannot be right: no paper, one whose hash is wrong,
    another one than the paper that has opened, or not all shards of an election that it had taken.
    """

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    WAITING = enum.auto()
    CONTRADICTED = enum.auto()


# Sent in the transaction that takes a change back which the box has refused, with the election as it was published
# (`refused`) and as it is again (`restored`).
taken_back = Signal()

# The advisory lock of offering to a box on several masters; the count, the record and certifying have the others.
OFFERING_LOCK = (0, 6)
# What an organiser edits, by the names of a definition.
EDITED = frozenset(
    (
        *Paper.__dataclass_fields__,
        *("slug", "opens_at", "closes_at", "time_zone", "proof_of_work", "unlisted", "shows_who_voted"),
    )
)


def deliver(elections: Iterable[Election], epoch: str) -> list[Arrival]:
    """Offer elections to the ballot box as they were published last, and store in PostgreSQL what the box decides.

    A box that Redis does not know yet begins in `epoch`. Raises Unavailable.
    """
    elections = list(elections)
    bring_pictures(elections)
    definitions = with_secrets([Definition.offered(election) for election in elections])
    in_force = {election.pk for election in elections if election.in_force}
    with alone_in_cluster():
        replies = ballot_box.offer(definitions, epoch, in_force=in_force)
    return [_follow(election, reply, epoch) for election, reply in zip(elections, replies, strict=True)]


def restore(elections: Iterable[Election], epoch: str) -> None:
    """Give a ballot box that has lost data the papers that voters have seen; raises Unavailable.

    An edit that no box had taken yet is offered afterwards, like any other.
    """
    elections = list(elections)
    bring_pictures(elections)
    definitions = with_secrets([Definition.of(election) for election in elections])
    with alone_in_cluster():
        ballot_box.offer(definitions, epoch, mode="restore")
    for election in elections:
        if not election.in_force:
            _note_in_force(election)


@contextmanager
def alone_in_cluster() -> Iterator[None]:
    """Wait until no other process offers anything to a box on several masters; one Redis decides by itself."""
    if not settings.BALLOT_BOX_CLUSTER:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", OFFERING_LOCK)
        yield


def with_secrets(definitions: list[Definition]) -> list[Definition]:
    """Add the voter secrets; an election that is offered for the first time gets one, a certified one never again."""
    elections = [one.election for one in definitions if not one.certified]
    known = dict(VoterSecret.objects.filter(election__in=elections).values_list())
    if missing := [VoterSecret(election_id=one) for one in elections if one not in known]:
        # Another process may make the same one at the same moment: both offer that which PostgreSQL keeps.
        VoterSecret.objects.bulk_create(missing, ignore_conflicts=True)
        known = dict(VoterSecret.objects.filter(election__in=elections).values_list())
    return [replace(one, voter_secret=known.get(one.election, "")) for one in definitions]


def _note_in_force(election: Election) -> None:
    Election.objects.filter(pk=election.pk, offered=election.offered).update(in_force=election.offered, offered="")
    election.in_force, election.offered = election.offered, ""
    remove_orphans(election)


def _follow(election: Election, reply: OfferReply, epoch: str) -> Arrival:
    if reply.outcome is Outcome.TAKEN:
        if election.offered:
            _note_in_force(election)
        if election.taken < election.revision:
            Election.objects.filter(pk=election.pk, taken__lt=election.revision).update(taken=election.revision)
        return Arrival.TAKEN
    if reply.outcome is Outcome.LOST:
        return Arrival.CONTRADICTED
    if reply.outcome is Outcome.NEWER:
        # Either another publication was faster, or PostgreSQL has come back with older data: then the next revision
        # has to be higher than the box's.
        Election.objects.filter(pk=election.pk, revision=election.revision).update(revision=reply.revision + 1)
        return Arrival.WAITING
    return _take_back(election, reply.standing, epoch)


@transaction.atomic
def _take_back(election: Election, standing: Definition | None, epoch: str) -> Arrival:
    """Restore in PostgreSQL what the box holds, and keep the late edit, so that its organiser can see it."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.revision != election.revision:
        return Arrival.WAITING
    if standing is None or not _adopt_design(stored, standing):
        return Arrival.CONTRADICTED
    before = copy.copy(stored)
    refused = asdict(Definition.offered(stored))
    stored.refused_edit = {
        **{name: refused[name] for name in EDITED},
        "refused_at": timezone.now().isoformat(),
        "revision": election.revision,
    }
    for name in EDITED - {"contests", "opens_at", "closes_at"}:
        setattr(stored, name, getattr(standing, name))
    stored.opens_at, stored.closes_at = standing.opens, standing.closes
    stored.mended_at = standing.mended
    stored.in_force, stored.offered = standing.design, ""
    if stored.state == State.CANCELLED:
        # It opened before the box heard of the cancellation.
        stored.state, stored.cancelled_at, stored.cancel_reason = State.PUBLISHED, None, ""
    stored.revision += 1
    stored.save(
        update_fields=[
            "revision",
            *EDITED - {"contests"},
            *("in_force", "offered", "refused_edit", "state", "cancelled_at", "cancel_reason", "mended_at"),
        ],
    )
    write_contests(stored, standing.contests)
    taken_back.send(Election, refused=before, restored=stored)
    logger.warning("%s: an edit came after the opening, and was taken back", stored.slug)
    # The organiser's edit was a revision of its own, and so is its end.
    transaction.on_commit(partial(deliver, Election.objects.filter(pk=stored.pk), epoch))
    return Arrival.REFUSED


def _adopt_design(election: Election, standing: Definition) -> bool:
    """Tell whether the box's paper can belong to this election; store it if PostgreSQL does not know it."""
    if standing.design == election.in_force:
        return True
    if election.opened_at is not None:
        return False
    paper = standing.paper
    for scheme in SCHEMES if len(paper.contests) == 1 else SCHEMES[1:]:
        text = paper.write(scheme)
        if hash_paper(text, scheme) == standing.design:
            election.designs.get_or_create(hash=standing.design, defaults={"scheme": scheme, "paper": text})
            return True
    return False


def write_contests(election: Election, contests: Iterable[ContestOnBallot]) -> None:
    """Give an election exactly these contests and options; one that keeps its key keeps its row."""
    kept = []
    for position, contest in enumerate(contests):
        names = ("title", "description", "method", "seats", "rules", "groups", "translations")
        values = {name: getattr(contest, name) for name in names} | {"position": position}
        row, _created = election.contests.update_or_create(key=contest.key, defaults=values)
        kept.append(row.pk)
        write_options(row, contest.options)
    election.contests.exclude(pk__in=kept).delete()


def write_options(contest: Contest, options: Sequence[OptionOnBallot]) -> None:
    """Give a contest exactly these options; one that keeps its key keeps its row."""
    contest.options.exclude(key__in=[option.key for option in options]).delete()
    for position, option in enumerate(options):
        values = {name: value for name, value in asdict(option).items() if name != "key"} | {"position": position}
        contest.options.update_or_create(key=option.key, defaults=values)
