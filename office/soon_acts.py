"""Acts of a presenter: the election opens, or closes, so many seconds from now by the clock of the ballot box."""

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls import ballot_box
from polls.definition import moment
from polls.delivery import Arrival
from polls.life import Phase
from polls.models import Election
from polls.publishing import Publication, publish_election
from tally.announce import announce

from .access import Right
from .acts import Act, NotDone
from .models import ActName

if TYPE_CHECKING:
    from .acts import User


class Soon(Act[Publication]):
    """Move the opening or the closing near, so that everybody counts down to it. It is published like an edit."""

    name = ActName.PUBLISH
    right = Right.RUN
    field: ClassVar[str]
    phase: ClassVar[Phase]
    # Why the time that is set already stays.
    comes_sooner: ClassVar[Promise]

    def __init__(self, election: Election, seconds: int) -> None:
        super().__init__(election)
        self.seconds = seconds

    def change(self) -> Publication:
        try:
            now = moment(ballot_box.read_clock())
        except ballot_box.Unavailable as error:
            raise NotDone(_("Not done: the ballot box cannot be reached. Try again in a moment.")) from error
        self.check(now, now + dt.timedelta(seconds=self.seconds))
        setattr(self.election, self.field, now + dt.timedelta(seconds=self.seconds))
        self.election.save(update_fields=[self.field])
        publication = publish_election(self.election)
        # Behind the delivery to the box.
        transaction.on_commit(partial(announce, self.election.pk))
        return publication

    def check(self, now: dt.datetime, at: dt.datetime) -> None:
        """Raise NotDone where the time cannot be set."""
        if self.election.phase(now) != self.phase:
            raise NotDone(_("Not done: the election has gone on meanwhile. Look at where it stands."))
        set_before: dt.datetime | None = getattr(self.election, self.field)
        if set_before is not None and set_before <= at:
            raise NotDone(str(self.comes_sooner))

    def perform(self, *, by: "User | None") -> Publication:
        publication = super().perform(by=by)
        if publication.arrival is Arrival.REFUSED:
            raise NotDone(_("Not done: the election has gone on meanwhile. Look at where it stands."))
        return publication


class OpenSoon(Soon):
    """Open a scheduled election earlier."""

    field = "opens_at"
    phase = Phase.SCHEDULED
    comes_sooner = gettext_lazy("Not done: it opens earlier than that by itself.")


class CloseSoon(Soon):
    """Close an open election once everybody has seen the last seconds go by."""

    field = "closes_at"
    phase = Phase.OPEN
    comes_sooner = gettext_lazy("Not done: it closes earlier than that by itself.")
