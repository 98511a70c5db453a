"""Publish elections: PostgreSQL first, then the ballot box, which alone decides whether it takes a change.

By its own clock the box knows whether voters may have seen a paper already. What it does not take is taken back in
PostgreSQL as well, so that both always say the same.
"""

import enum
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import ballot_box
from .ballot_box import OfferReply, Outcome
from .definition import Definition
from .design import SCHEME, SCHEMES, Paper, hash_paper
from .life import State, enter
from .methods import ContestOnBallot, InvalidRules, OptionOnBallot
from .models import Contest, Election
from .outages import is_outage

logger = logging.getLogger(__name__)


class Frozen(ValidationError):
    """A change to what voters have already seen, or to an election that is over."""


class Arrival(enum.Enum):
    """Where a publication has come to.

    The box has taken it, or has refused it, and PostgreSQL has what the box holds; or it has not answered yet; or it
    holds what cannot be: a paper that PostgreSQL does not know, or not after another one was seen to open.
    """

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    WAITING = enum.auto()
    CONTRADICTED = enum.auto()


@dataclass
class Publication:
    """A publication under way; `arrival` is settled once the transaction around it has committed."""

    arrival: Arrival = Arrival.WAITING


# How far an election's publication has come.
STATE = ("in_force", "offered", "revision", "state")
# What an organiser edits, by the names of a definition.
EDITED = frozenset(
    (*Paper.__dataclass_fields__, "slug", "opens_at", "closes_at", "time_zone", "proof_of_work"),
)
REASONS = {
    Outcome.BEGUN: _("The election has begun: its question, options and method stay as voters have seen them."),
    Outcome.CLOSED: _("The election has closed, and a closed election cannot be opened again."),
}
CANCELLED = _("The election is cancelled, and stays as it is. Duplicate it to hold it another time.")


@transaction.atomic
def publish_election(election: Election) -> Publication:
    """Publish an election as it is saved, on commit; raises ValidationError where nobody could vote on it.

    Raises Frozen, which is one, where voters may have seen it as it was.

    A box that cannot be reached gets it later, from `keep_box`, and decides then.
    """
    # The lock makes two publications take turns, so that each has a revision of its own.
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.state == State.CANCELLED:
        raise Frozen(CANCELLED)
    design = _store_design(stored)
    stored.offered = "" if design == stored.in_force else design
    if stored.state == State.DRAFT:
        enter(stored, State.PUBLISHED, now=timezone.now())
    stored.refused_edit = None
    return _offer(election, stored, ["offered", "refused_edit", "state"])


@transaction.atomic
def cancel_election(election: Election) -> Publication:
    """Cancel an election that has not opened yet, on commit; raises Frozen where it has, or is no such election.

    Raises Unavailable where the ballot box cannot be asked: the election may open before it answers.
    """
    stored = Election.objects.select_for_update().get(pk=election.pk)
    changed = enter(stored, State.CANCELLED, now=timezone.now())
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
    """Let the ballot box know of a change that is no edit, such as a seal: the paper stays as it was published."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    stored.revision += 1
    stored.save(update_fields=["revision"])
    election.revision = stored.revision
    transaction.on_commit(partial(_deliver, election, Publication()))


def _store_design(election: Election) -> str:
    """Return the design of an election as it is saved; it is made and kept only if the paper is another one."""
    paper = Paper.of(election)
    try:
        paper.check()
    except InvalidRules as problem:
        raise ValidationError(str(problem.message)) from problem
    for known in election.designs.all():
        # As what it says, since a new release may write it in another way.
        if paper == Paper.read(known.paper):
            return known.hash
    text = paper.write()
    return election.designs.create(hash=hash_paper(text), scheme=SCHEME, paper=text).hash


def _refuse_what_has_begun(election: Election) -> None:
    """Raise Frozen if the box would not take it; if it cannot be asked, go by what PostgreSQL knows."""
    try:
        reply = ballot_box.offer([Definition.offered(election)], epoch="", mode="try")[0]
    except ballot_box.Unavailable:
        if election.in_force and election.offered and election.is_frozen(timezone.now()):
            raise Frozen(REASONS[Outcome.BEGUN]) from None
    else:
        if reply.outcome in REASONS:
            raise Frozen(REASONS[reply.outcome])


def _deliver(election: Election, publication: Publication) -> None:
    try:
        epoch = ballot_box.read_epoch()
        if epoch is not None:
            [publication.arrival] = deliver(Election.objects.filter(pk=election.pk), epoch)
        election.refresh_from_db(fields=[*STATE])
    except Exception as error:
        if not is_outage(error):
            raise
        logger.warning("%s is published as soon as the ballot box is back: %s", election.slug, error)


def deliver(elections: Iterable[Election], epoch: str) -> list[Arrival]:
    """Offer elections to the ballot box as they were published last, and let PostgreSQL follow what the box decides.

    A box that is new to Redis begins its life in `epoch`. Raises Unavailable.
    """
    elections = list(elections)
    replies = ballot_box.offer([Definition.offered(election) for election in elections], epoch)
    return [_follow(election, reply) for election, reply in zip(elections, replies, strict=True)]


def restore(elections: Iterable[Election], epoch: str) -> None:
    """Let a ballot box that has lost data have what voters have seen; raises Unavailable.

    An edit that no box had taken yet is offered afterwards, like any other.
    """
    elections = list(elections)
    ballot_box.offer([Definition.of(election) for election in elections], epoch, mode="restore")
    for election in elections:
        if not election.in_force:
            _note_in_force(election)


def _note_in_force(election: Election) -> None:
    Election.objects.filter(pk=election.pk, offered=election.offered).update(in_force=election.offered, offered="")


def _follow(election: Election, reply: OfferReply) -> Arrival:
    if reply.outcome is Outcome.TAKEN:
        if election.offered:
            _note_in_force(election)
        return Arrival.TAKEN
    if reply.outcome is Outcome.NEWER:
        # Unless another publication was faster, PostgreSQL has come back older, and has to go past what the box has.
        Election.objects.filter(pk=election.pk, revision=election.revision).update(revision=reply.revision + 1)
        return Arrival.WAITING
    return _take_back(election, reply.standing)


@transaction.atomic
def _take_back(election: Election, standing: Definition | None) -> Arrival:
    """Let PostgreSQL have what the box holds, and keep the edit that came too late for its organiser to see."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.revision != election.revision:
        return Arrival.WAITING
    if standing is None or not _adopt_design(stored, standing):
        return Arrival.CONTRADICTED
    refused = asdict(Definition.offered(stored))
    stored.refused_edit = {name: refused[name] for name in EDITED} | {"refused_at": timezone.now().isoformat()}
    for name in EDITED - {"contests", "opens_at", "closes_at"}:
        setattr(stored, name, getattr(standing, name))
    stored.opens_at, stored.closes_at = standing.opens, standing.closes
    stored.in_force, stored.offered = standing.design, ""
    if stored.state == State.CANCELLED:
        # It opened before the box could be told.
        stored.state, stored.cancelled_at = State.PUBLISHED, None
    stored.save(
        update_fields=[*EDITED - {"contests"}, "in_force", "offered", "refused_edit", "state", "cancelled_at"],
    )
    write_contests(stored, standing.contests)
    logger.warning("%s: an edit came after the opening, and was taken back", stored.slug)
    republish_election(stored)
    return Arrival.REFUSED


def _adopt_design(election: Election, standing: Definition) -> bool:
    """Tell whether the box's paper can be this election's; one that PostgreSQL does not know is kept."""
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
    """Let an election have just these contests and options; those that keep their keys stay the rows that they are."""
    kept = []
    for position, contest in enumerate(contests):
        names = ("title", "description", "method", "seats", "rules")
        values = {name: getattr(contest, name) for name in names} | {"position": position}
        row, _created = election.contests.update_or_create(key=contest.key, defaults=values)
        kept.append(row.pk)
        write_options(row, contest.options)
    election.contests.exclude(pk__in=kept).delete()


def write_options(contest: Contest, options: Sequence[OptionOnBallot]) -> None:
    """Let a contest have just these options; those that keep their keys stay the rows that they are."""
    contest.options.exclude(key__in=[option.key for option in options]).delete()
    for position, option in enumerate(options):
        values = {"label": option.label, "description": option.description, "position": position}
        contest.options.update_or_create(key=option.key, defaults=values)
