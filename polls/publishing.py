"""Publish elections: PostgreSQL first, then the ballot box, which alone decides whether it takes a change.

The box knows by its own clock whether voters may have seen a paper already. A change that it refuses is taken back in
PostgreSQL as well, so that both hold the same.

What the box gets holds the voter secret, which the office may not read. So the office stores what it publishes, and
has a worker bring it to the box (by_worker.py); a command brings it there itself.
"""

import logging
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tabulation.draw import SecretDraw

from . import ballot_box, by_worker
from .ballot_box import Outcome
from .definition import Definition
from .delivery import Arrival, deliver
from .design import SCHEME, Paper, hash_paper
from .life import State, enter
from .methods import InvalidRules
from .models import DrawSecret, Election, TieBreak, new_secret
from .outages import is_outage
from .short_address import new_codes
from .wake_up import ask_for_keeping

logger = logging.getLogger(__name__)


class Frozen(ValidationError):
    """A change to what voters have already seen, or to an election that is over."""


@dataclass
class Publication:
    """A publication under way; `arrival` is settled once the transaction around it has committed.

    While it waits, `worker_is_silent` tells that the box answers, and no worker does.
    """

    arrival: Arrival = Arrival.WAITING
    worker_is_silent: bool = False


# How far an election's publication has come.
STATE = ("draw_hash", "in_force", "offered", "opens_at", "revision", "short_code", "state")
REASONS = {
    Outcome.BEGUN: _("The election has begun: its question, options and method stay as voters have seen them."),
    Outcome.CLOSED: _("The election has closed, and a closed election cannot be opened again."),
    Outcome.VOTED: _("A ballot has been accepted: from the first one on, the paper stays as its voter has seen it."),
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
    fix_draw(stored)
    give_short_code(stored)
    design = store_design(stored)
    stored.offered = "" if design == stored.in_force else design
    if stored.opens_at is None:
        stored.opens_at = timezone.now()
    if stored.state == State.DRAFT:
        enter(stored, State.PUBLISHED, now=timezone.now())
    stored.refused_edit = None
    return offer_revision(election, stored, ["draw_hash", "offered", "opens_at", "refused_edit", "state"])


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
    return offer_revision(election, stored, changed)


def offer_revision(election: Election, stored: Election, changed: list[str]) -> Publication:
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


def give_short_code(election: Election) -> None:
    """Give an election a code that no other one has ever had, so that an old poster leads nowhere else.

    It keeps the code that it has.
    """
    if election.short_code:
        return
    for code in new_codes(unlisted=election.unlisted):
        # An address of another election would be in the way.
        if not Election.objects.filter(slug=code).exists() and _take_code(election, code):
            return


def _take_code(election: Election, code: str) -> bool:
    try:
        # The database decides between two publications at the same moment.
        with transaction.atomic():
            Election.objects.filter(pk=election.pk).update(short_code=code)
    except IntegrityError:
        return False
    election.short_code = code
    return True


@transaction.atomic
def give_missing_short_codes() -> None:
    """Give a short address to each election that voters may come to and that an earlier release has published."""
    missing = Election.objects.unsealed().filter(short_code="").select_for_update()
    given = []
    for election in missing:
        give_short_code(election)
        given.append(election.pk)
    if given:
        republish_elections(Election.objects.filter(pk__in=given))


def fix_draw(election: Election) -> None:
    """Give an election whose ties are drawn a secret to draw from, unless it has one, and its paper the hash of it."""
    if election.tie_break != TieBreak.DRAW:
        election.draw_hash = ""
    elif not election.draw_hash:
        draw = SecretDraw(new_secret())
        DrawSecret.objects.create(hash=draw.commitment, election=election, value=draw.secret)
        election.draw_hash = draw.commitment


def store_design(election: Election) -> str:
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
