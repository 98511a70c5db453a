"""Publish elections: PostgreSQL first, then the ballot box, which alone decides whether it takes a change.

The box knows by its own clock whether voters may have seen a paper already. A change that it refuses is taken back in
PostgreSQL as well, so that both hold the same.

What the box gets holds the voter secret, which the office may not read. So the office stores what it publishes, and
has a worker bring it to the box (by_worker.py); a command brings it there itself.
"""

import enum
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import ballot_box, by_worker
from .ballot_box import OfferReply, Outcome
from .definition import Definition
from .design import SCHEME, SCHEMES, Paper, hash_paper
from .life import State, enter
from .methods import ContestOnBallot, InvalidRules, OptionOnBallot
from .models import Contest, Election, VoterSecret
from .outages import is_outage
from .wake_up import ask_for_keeping

logger = logging.getLogger(__name__)


class Frozen(ValidationError):
    """A change to what voters have already seen, or to an election that is over."""


class Arrival(enum.Enum):
    """How far a publication has come.

    TAKEN: the box has taken it. REFUSED: the box has refused it, and PostgreSQL has what the box holds. WAITING: the
    box has not decided yet. CONTRADICTED: the box holds what cannot be right: no paper, one whose hash is wrong, or
    another one than the paper that has opened.
    """

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    WAITING = enum.auto()
    CONTRADICTED = enum.auto()


@dataclass
class Publication:
    """A publication under way; `arrival` is settled once the transaction around it has committed.

    While it waits, `worker_is_silent` tells that the box answers, and no worker does.
    """

    arrival: Arrival = Arrival.WAITING
    worker_is_silent: bool = False


# How far an election's publication has come.
STATE = ("in_force", "offered", "opens_at", "revision", "state")
# What an organiser edits, by the names of a definition.
EDITED = frozenset(
    (*Paper.__dataclass_fields__, "slug", "opens_at", "closes_at", "time_zone", "proof_of_work", "unlisted"),
)
REASONS = {
    Outcome.BEGUN: _("The election has begun: its question, options and method stay as voters have seen them."),
    Outcome.CLOSED: _("The election has closed, and a closed election cannot be opened again."),
}
CANCELLED = _("The election is cancelled, and stays as it is. Duplicate it to hold it another time.")


@transaction.atomic
def publish_election(election: Election) -> Publication:
    """Publish an election as it is saved, on commit; raises ValidationError for a paper on which nobody could vote.

    Raises Frozen, which is a ValidationError, if voters may have seen what the edit changes.

    If the box cannot be reached, `keep_box` offers the election later, and the box decides then.
    """
    # The lock makes two publications take turns, so that each has a revision of its own.
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.state == State.CANCELLED:
        raise Frozen(CANCELLED)
    design = _store_design(stored)
    stored.offered = "" if design == stored.in_force else design
    if stored.opens_at is None:
        stored.opens_at = timezone.now()
    if stored.state == State.DRAFT:
        enter(stored, State.PUBLISHED, now=timezone.now())
    stored.refused_edit = None
    return _offer(election, stored, ["offered", "opens_at", "refused_edit", "state"])


@transaction.atomic
def cancel_election(election: Election, reason: str = "") -> Publication:
    """Cancel an election that has not opened yet, on commit, for a reason that its page shows.

    Raises Frozen if it has opened, and NotAllowed if it is a draft, or over. Raises Unavailable if the ballot box does
    not answer: the election might open before the box hears of the cancellation.
    """
    stored = Election.objects.select_for_update().get(pk=election.pk)
    stored.cancel_reason = reason
    changed = ["cancel_reason", *enter(stored, State.CANCELLED, now=timezone.now())]
    ballot_box.read_epoch()
    return _offer(election, stored, changed)


def _offer(election: Election, stored: Election, changed: list[str]) -> Publication:
    """Save the locked row as another revision, and offer it to the box on commit; raises Frozen if it has begun."""
    stored.revision += 1
    _refuse_what_has_begun(stored)
    stored.save(update_fields=[*changed, "revision"])
    for name in STATE:
        setattr(election, name, getattr(stored, name))
    publication = Publication()
    transaction.on_commit(partial(_deliver, election, publication))
    return publication


@transaction.atomic
def republish_election(election: Election) -> None:
    """Tell the ballot box of a change that is no edit, such as a seal: the paper stays as it was published."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    stored.revision += 1
    stored.save(update_fields=["revision"])
    election.revision = stored.revision
    transaction.on_commit(partial(_deliver, election, Publication(), wait=False))


@transaction.atomic
def republish_elections(elections: QuerySet[Election]) -> int:
    """Tell the ballot box of a change to many elections that is no edit; return how many they are.

    They arrive within seconds, by `keep_box`: nobody waits for them.
    """
    number = elections.update(revision=F("revision") + 1)
    transaction.on_commit(ask_for_keeping)
    return number


def _store_design(election: Election) -> str:
    """Return the design of an election as it is saved; make and store a new one only if the paper has changed."""
    paper = Paper.of(election)
    try:
        paper.check()
    except InvalidRules as problem:
        raise ValidationError(str(problem.message)) from problem
    for known in election.designs.all():
        # Compared by what it says: a new release may write the same paper in another way.
        if paper == Paper.read(known.paper):
            return known.hash
    text = paper.write()
    return election.designs.create(hash=hash_paper(text), scheme=SCHEME, paper=text).hash


def _refuse_what_has_begun(election: Election) -> None:
    """Raise Frozen if the box would refuse it; if the box cannot be reached, decide by what PostgreSQL knows."""
    try:
        reply = ballot_box.offer([Definition.offered(election)], epoch="", mode="try")[0]
    except ballot_box.Unavailable:
        if election.in_force and election.offered and election.is_frozen(timezone.now()):
            raise Frozen(REASONS[Outcome.BEGUN]) from None
    else:
        if reply.outcome in REASONS:
            raise Frozen(REASONS[reply.outcome])


def _deliver(election: Election, publication: Publication, *, wait: bool = True) -> None:
    try:
        epoch = ballot_box.read_epoch()
        if epoch is not None:
            _bring(election, epoch, publication, wait=wait)
        election.refresh_from_db(fields=[*STATE])
    except Exception as error:
        if not is_outage(error):
            raise
        logger.warning("%s is published as soon as the ballot box is back: %s", election.slug, error)


def _bring(election: Election, epoch: str, publication: Publication, *, wait: bool) -> None:
    """Bring an election to the box, or have a worker do it, and note what has come of it."""
    if not settings.ROLE.publishes_by_worker:
        [publication.arrival] = deliver(Election.objects.filter(pk=election.pk), epoch)
    elif by_worker.deliver(election, wait=wait):
        refused = Election.objects.values_list("refused_edit", flat=True).get(pk=election.pk) or {}
        publication.arrival = Arrival.REFUSED if refused.get("revision") == election.revision else Arrival.TAKEN
    else:
        publication.worker_is_silent = wait


def deliver(elections: Iterable[Election], epoch: str) -> list[Arrival]:
    """Offer elections to the ballot box as they were published last, and store in PostgreSQL what the box decides.

    A box that Redis does not know yet begins in `epoch`. Raises Unavailable.
    """
    elections = list(elections)
    replies = ballot_box.offer(with_secrets([Definition.offered(election) for election in elections]), epoch)
    return [_follow(election, reply) for election, reply in zip(elections, replies, strict=True)]


def restore(elections: Iterable[Election], epoch: str) -> None:
    """Give a ballot box that has lost data the papers that voters have seen; raises Unavailable.

    An edit that no box had taken yet is offered afterwards, like any other.
    """
    elections = list(elections)
    ballot_box.offer(with_secrets([Definition.of(election) for election in elections]), epoch, mode="restore")
    for election in elections:
        if not election.in_force:
            _note_in_force(election)


def with_secrets(definitions: list[Definition]) -> list[Definition]:
    """Add the voter secrets; an election that is offered for the first time gets one."""
    elections = [one.election for one in definitions]
    known = dict(VoterSecret.objects.filter(election__in=elections).values_list())
    if missing := [VoterSecret(election_id=one) for one in elections if one not in known]:
        # Another process may make the same one at the same moment: both offer that which PostgreSQL keeps.
        VoterSecret.objects.bulk_create(missing, ignore_conflicts=True)
        known = dict(VoterSecret.objects.filter(election__in=elections).values_list())
    return [replace(one, voter_secret=known[one.election]) for one in definitions]


def _note_in_force(election: Election) -> None:
    Election.objects.filter(pk=election.pk, offered=election.offered).update(in_force=election.offered, offered="")


def _follow(election: Election, reply: OfferReply) -> Arrival:
    if reply.outcome is Outcome.TAKEN:
        if election.offered:
            _note_in_force(election)
        if election.taken < election.revision:
            Election.objects.filter(pk=election.pk, taken__lt=election.revision).update(taken=election.revision)
        return Arrival.TAKEN
    if reply.outcome is Outcome.NEWER:
        # Either another publication was faster, or PostgreSQL has come back with older data: then the next revision
        # has to be higher than the box's.
        Election.objects.filter(pk=election.pk, revision=election.revision).update(revision=reply.revision + 1)
        return Arrival.WAITING
    return _take_back(election, reply.standing)


@transaction.atomic
def _take_back(election: Election, standing: Definition | None) -> Arrival:
    """Restore in PostgreSQL what the box holds, and keep the late edit, so that its organiser can see it."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.revision != election.revision:
        return Arrival.WAITING
    if standing is None or not _adopt_design(stored, standing):
        return Arrival.CONTRADICTED
    refused = asdict(Definition.offered(stored))
    stored.refused_edit = {
        **{name: refused[name] for name in EDITED},
        "refused_at": timezone.now().isoformat(),
        "revision": election.revision,
    }
    for name in EDITED - {"contests", "opens_at", "closes_at"}:
        setattr(stored, name, getattr(standing, name))
    stored.opens_at, stored.closes_at = standing.opens, standing.closes
    stored.in_force, stored.offered = standing.design, ""
    if stored.state == State.CANCELLED:
        # It opened before the box heard of the cancellation.
        stored.state, stored.cancelled_at, stored.cancel_reason = State.PUBLISHED, None, ""
    stored.save(
        update_fields=[
            *EDITED - {"contests"},
            *("in_force", "offered", "refused_edit", "state", "cancelled_at", "cancel_reason"),
        ],
    )
    write_contests(stored, standing.contests)
    logger.warning("%s: an edit came after the opening, and was taken back", stored.slug)
    republish_election(stored)
    return Arrival.REFUSED


def _adopt_design(election: Election, standing: Definition) -> bool:
    """Tell whether the box's paper can belong to this election; store it if PostgreSQL does not know it."""
    if standing.design == election.in_force:
        return True
    if election.opened_at is not None:
        return False
    paper = Paper(**{name: getattr(standing, name) for name in Paper.__dataclass_fields__})
    for scheme in SCHEMES if len(paper.contests) == 1 else (SCHEME,):
        text = paper.write(scheme)
        if hash_paper(text, scheme) == standing.design:
            election.designs.get_or_create(hash=standing.design, defaults={"scheme": scheme, "paper": text})
            return True
    return False


def write_contests(election: Election, contests: Iterable[ContestOnBallot]) -> None:
    """Give an election exactly these contests and options; one that keeps its key keeps its row."""
    kept = []
    for position, contest in enumerate(contests):
        names = ("title", "description", "method", "seats", "rules")
        values = {name: getattr(contest, name) for name in names} | {"position": position}
        row, _created = election.contests.update_or_create(key=contest.key, defaults=values)
        kept.append(row.pk)
        write_options(row, contest.options)
    election.contests.exclude(pk__in=kept).delete()


def write_options(contest: Contest, options: Sequence[OptionOnBallot]) -> None:
    """Give a contest exactly these options; one that keeps its key keeps its row."""
    contest.options.exclude(key__in=[option.key for option in options]).delete()
    for position, option in enumerate(options):
        values = {"label": option.label, "description": option.description, "position": position}
        contest.options.update_or_create(key=option.key, defaults=values)
