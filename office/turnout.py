"""Who has voted, for the organisers of an election that says so: a flag, and neither what nor when."""

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from polls.models import Election, Eligibility, RollEntry


class NotShown(ValidationError):
    """Organisers do not see who has voted; the message says why."""


def who_voted(election: Election) -> QuerySet[RollEntry]:
    """Return the entries of the roll, with the flag `voted`, in the order of the roll; raises NotShown."""
    if election.eligibility != Eligibility.ROLL:
        raise NotShown(_("Not shown: this election has no roll."))
    if not election.shows_who_voted:
        raise NotShown(_("Not shown: this election was set up so that organisers do not see who has voted."))
    return election.roll.order_by("number")
