"""The life of an election after its publication: it opens, is sealed, and becomes final."""

import datetime as dt
import logging
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from polls import ballot_box
from polls.ballot_box import Seal, inbox
from polls.definition import moment
from polls.life import ARCHIVABLE, HAS_RESULT, Phase, State, enter
from polls.models import Election, Shows
from polls.outages import is_outage
from polls.publishing import republish_election

from . import outcomes, turnout
from .announce import announce

logger = logging.getLogger(__name__)


class NotClosed(ValidationError):
    """The election could not be closed; the message says why, and what to do."""


def close_election(election: Election, *, now: dt.datetime | None = None) -> Seal:
    """Close an open election at this moment of the box's clock, for good; raises NotClosed.

    The box is closed first and PostgreSQL told afterwards, so that no vote comes in after the answer.
    """
    phase = election.phase(now or timezone.now())
    if phase == Phase.CANCELLED:
        raise NotClosed(_("Not closed: it is cancelled, and takes no votes."))
    if phase == Phase.SCHEDULED or election.state == State.DRAFT:
        raise NotClosed(_("Not closed: it has not opened yet. Change its opening and closing times instead."))
    try:
        seal = ballot_box.seal(election.pk, election.shards)
    except ballot_box.Unavailable as error:
        raise NotClosed(
            _("Not closed, as far as can be told: the ballot box cannot be reached. Try again in a moment.")
        ) from error
    store_seal(election, seal)
    return seal


def store_seal(election: Election, seal: Seal) -> None:
    """Store in PostgreSQL that the box of an election is sealed, and since when."""
    with transaction.atomic():
        stored = Election.objects.select_for_update().get(pk=election.pk)
        if stored.state == State.PUBLISHED:
            # By the box's clock, which may be a little behind the clock that set the opening time.
            stored.closes_at = max(moment(seal.closed_at), stored.opening + dt.timedelta(milliseconds=1))
            stored.save(update_fields=["closes_at", *enter(stored, State.CLOSED, now=timezone.now())])
            republish_election(stored)
        transaction.on_commit(lambda: announce(election.pk))
    election.refresh_from_db()


def archive_election(election: Election, *, now: dt.datetime | None = None) -> bool:
    """Take an election off the lists; return False, and change nothing, if it is not over."""
    if election.state not in ARCHIVABLE:
        return False
    if election.archived_at is None:
        _mark(election, archived_at=now or timezone.now())
    return True


class NotReleased(ValidationError):
    """The result could not be released; the message says why, and what to do."""


def release_result(election: Election, *, now: dt.datetime | None = None) -> None:
    """Let everybody see a result that is hidden until then; raises NotReleased.

    The worker makes the outcome that pages show, within a second.
    """
    with transaction.atomic():
        stored = Election.objects.select_for_update().get(pk=election.pk)
        if stored.shows != Shows.HIDDEN:
            raise NotReleased(_("Not released: the result of this election shows by itself."))
        if stored.state not in HAS_RESULT:
            raise NotReleased(_("Not released: it is not final. Close the election, and wait for its last ballot."))
        if stored.released_at is not None:
            raise NotReleased(_("The result is released already."))
        _mark(election, released_at=now or timezone.now())


def turn_phases(*, now: dt.datetime | None = None) -> None:
    """Note which elections have opened, seal those that are due, finish those that are counted; raises Unavailable.

    An election that fails is logged and does not keep the others waiting.
    """
    now = now or timezone.now()
    for elections, turn in (
        (Election.objects.open_unnoticed(now), _open),
        (Election.objects.unsealed().filter(closes_at__lte=now), _seal_if_due),
        (Election.objects.awaiting_last_ballots(), _finish_if_counted),
    ):
        for election in elections:
            try:
                turn(election, now)
            except Exception as error:
                if is_outage(error):
                    raise
                logger.exception("ALARM %s: its phase cannot be turned", election.slug)


def _open(election: Election, now: dt.datetime) -> None:
    _mark(election, opened_at=now)


def _seal_if_due(election: Election, now: dt.datetime) -> None:
    seal = ballot_box.seal(election.pk, election.shards, only_if_due=True)
    if seal.sealed:
        logger.info("%s is sealed; %s ballots wait to be counted", election.slug, seal.waiting)
        store_seal(election, seal)


def _finish_if_counted(election: Election, now: dt.datetime) -> None:
    if inbox.is_empty(election.pk, election.shards) and turnout.bring_up_to_date(election, now=now):
        # Before results pages say that the result is final, and however long it takes.
        outcomes.make_outcome(election.pk, last=True)
        enter(election, State.FINAL, now=now)
        _mark(election, state=election.state, final_at=election.final_at)
        logger.info("%s is final", election.slug)


@transaction.atomic
def _mark(election: Election, **changes: Any) -> None:
    Election.objects.filter(pk=election.pk).update(**changes)
    election.refresh_from_db()
    # Results pages now show something else, so that their version has to rise: the revision is a part of it.
    republish_election(election)
    transaction.on_commit(lambda: announce(election.pk))
