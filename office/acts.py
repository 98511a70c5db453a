"""Acts: what somebody may do with an election, each with its permission, its change and its line in the log.

Pages and commands use the same object, so that nothing happens to an election without a trace:

    Close(election).perform(by=request.user)
"""

import datetime as dt
import getpass
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls.ballot_box import Seal, Unavailable
from polls.delivery import Arrival, write_contests
from polls.design import Paper
from polls.labels import LONGEST_TITLE
from polls.life import State
from polls.models import Election, free_slug
from polls.pictures import copy_pictures
from polls.publishing import Publication, cancel_election, publish_election
from polls.roll.ready import find_problem as find_roll_problem
from tally.lifecycle import archive_election, close_election, release_result

from .access import Right, hold, may
from .models import ActName, Holding, LoggedAct
from .roll_delivery import bring as bring_roll

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser

Result = TypeVar("Result")

# The fields whose old and new values are logged.
LOGGED = (
    "state", "title", "slug", "opens_at", "closes_at", "votes_final", "eligibility", "proof_of_work", "unlisted",
    "archived_at", "cancel_reason", "tie_break", "shows", "shows_who_voted", "released_at", "certified_at",
    "providers", "language", "step", "checkable",
)  # fmt: skip

# Why an election cannot be cancelled, and what can be done instead.
OVER = gettext_lazy("Not cancelled: the election is over. Archive it instead.")
WHY_NOT_CANCELLED = {
    State.DRAFT: gettext_lazy("Not cancelled: it is a draft, which nobody sees. Delete it instead."),
    State.CLOSED: OVER,
    State.FINAL: OVER,
    State.CERTIFIED: OVER,
    State.CANCELLED: gettext_lazy("It is cancelled already."),
}


class NotDone(ValidationError):
    """An act that could not be done; the message says why, and what to do."""


class Act(ABC, Generic[Result]):
    """Something that is done with an election, once."""

    name: ClassVar[ActName]
    right: ClassVar[Right] = Right.WRITE

    def __init__(self, election: Election, *, before: Mapping[str, str | None] | None = None) -> None:
        """`before` is what `read_logged` returned, if the election has been saved since then as a part of this act."""
        self.election = election
        self.before = before

    def perform(self, *, by: "User | None") -> Result:
        """Do it and log it, or neither; `by` is None for a command, which only the operator of the server can run.

        Raises PermissionDenied for a user who may not do it, and ValidationError if it cannot be done.
        """
        if by is not None and not self.is_allowed(by):
            raise PermissionDenied
        with transaction.atomic():
            before = read_logged(self.election) if self.before is None else self.before
            result = self.change()
            concerned = self.concerned(result)
            LoggedAct.objects.create(
                actor=name_actor(by),
                act=self.name,
                election=concerned.pk,
                slug=concerned.slug,
                changes=differences({} if concerned is not self.election else before, read_logged(concerned))
                | self.details(),
            )
        return result

    def is_allowed(self, user: "User") -> bool:
        """Tell whether somebody may do this."""
        return may(user, self.right, self.election)

    @abstractmethod
    def change(self) -> Result:
        """Do it, inside the transaction of `perform`."""

    def concerned(self, result: Result) -> Election:
        """Return the election that the log is to name."""
        return self.election

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        """Return what else the log is to tell, each with its old and its new value."""
        return {}


class Publish(Act[Publication]):
    """Let voters see an election as it is saved."""

    name = ActName.PUBLISH

    def change(self) -> Publication:
        if self.election.state == State.DRAFT:
            self._settle_window(timezone.now())
        if problem := find_roll_problem(self.election, Paper.of(self.election)):
            raise NotDone(problem)
        publication = publish_election(self.election)
        # Behind the paper, without which the box has no use for it.
        transaction.on_commit(partial(bring_roll, self.election))
        return publication

    def _settle_window(self, now: dt.datetime) -> None:
        """Let a draft with a past opening open at once; raises NotDone where it would be closed at once."""
        if self.election.closes_at and self.election.closes_at <= now:
            raise NotDone(
                _("Not published: the closing is past. Set a later one, or leave it empty and close by hand.")
            )
        if self.election.opens_at and self.election.opens_at <= now:
            self.election.opens_at = None
            self.election.save(update_fields=["opens_at"])


class Cancel(Act[Publication]):
    """Call off an election that has not opened yet, for a reason that its page shows."""

    name = ActName.CANCEL

    def __init__(self, election: Election, reason: str = "") -> None:
        super().__init__(election)
        self.reason = reason

    def change(self) -> Publication:
        if reason := WHY_NOT_CANCELLED.get(State(self.election.state)):
            raise NotDone(reason)
        try:
            return cancel_election(self.election, self.reason)
        except Unavailable as error:
            raise NotDone(
                _("Not cancelled: the ballot box cannot be reached, and it may open. Try again in a moment.")
            ) from error

    def perform(self, *, by: "User | None") -> Publication:
        publication = super().perform(by=by)
        if publication.arrival is Arrival.REFUSED:
            raise NotDone(_("Not cancelled: the election has opened meanwhile. Close it instead."))
        return publication


class Close(Act[Seal]):
    """Close an open election at this moment."""

    name = ActName.CLOSE
    right = Right.RUN

    def change(self) -> Seal:
        return close_election(self.election)


class Release(Act[None]):
    """Let everybody see a final result that is hidden until then."""

    name = ActName.RELEASE
    right = Right.RUN

    def change(self) -> None:
        release_result(self.election)


class Archive(Act[None]):
    """Take an election off the lists, if it is over."""

    name = ActName.ARCHIVE
    right = Right.RUN

    def change(self) -> None:
        if not archive_election(self.election):
            raise NotDone(_("Not archived: close the election first, and wait until its last ballot is counted."))


class Duplicate(Act[Election]):
    """Make a draft with the paper of an election."""

    name = ActName.DUPLICATE

    def change(self) -> Election:
        original = self.election
        title = Truncator(_("%(title)s (copy)") % {"title": original.title}).chars(LONGEST_TITLE)
        draft = Election.objects.create(
            title=title,
            slug=free_slug(title),
            description=original.description,
            votes_final=original.votes_final,
            eligibility=original.eligibility,
            providers=original.providers,
            shows=original.shows,
            step=original.step,
            checkable=original.checkable,
            tie_break=original.tie_break,
            shows_who_voted=original.shows_who_voted,
            time_zone=original.time_zone,
            proof_of_work=original.proof_of_work,
            unlisted=original.unlisted,
            language=original.language,
            translations=original.translations,
        )
        copy_pictures(original, draft)
        write_contests(draft, Paper.of(original).contests)
        holding = Holding.objects.filter(election=original).select_related("organisation").first()
        hold(draft, holding.organisation if holding else None)
        return draft

    def concerned(self, result: Election) -> Election:
        return result


def name_actor(by: "User | None") -> str:
    """Name who acts for the log; None is a command."""
    return by.get_username() if by is not None else f"command, {getpass.getuser()}"


def read_logged(election: Election) -> dict[str, str | None]:
    """Return the logged values of an election as it is stored now, by field."""
    return logged_values(Election.objects.only(*LOGGED, "in_force", "offered").get(pk=election.pk))


def logged_values(election: Election) -> dict[str, str | None]:
    """Return the logged values of an election as it is here, by field."""
    fields = {name: getattr(election, name) for name in LOGGED}
    # The design represents the paper as it was published.
    fields["design"] = election.offered or election.in_force
    return {name: None if value is None or value == [] else _write(value) for name, value in fields.items()}


def _write(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def differences(
    before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> dict[str, tuple[str | None, str | None]]:
    """Return the old and the new value of each field that has changed."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
