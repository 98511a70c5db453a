"""What the ballot page sends back."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from . import ballots, markings
from .definition import Definition
from .methods import InvalidMarking

# What a ballot form has besides the contests.
OWN_FIELDS = frozenset(("csrfmiddlewaretoken", "ballot_id", "design", "proof"))


class OtherDesign(Exception):
    """The form shows the ballot as it was before a change; its marks cannot be read on the ballot in force."""


@dataclass(frozen=True)
class MarkedBallot:
    """A submitted ballot form: which ballot, on which design, marked how, with which proof of work."""

    ballot_id: UUID
    design: str
    marking: str
    proof: str

    @classmethod
    def from_form(cls, form: QueryDict, definition: Definition) -> Self:
        """Read a submitted form; raises OtherDesign, InvalidPaper, or InvalidMarking with a sentence for the voter."""
        try:
            [signed_id], [design] = form.getlist("ballot_id"), form.getlist("design")
        except ValueError:
            raise InvalidMarking(_("The form came back incomplete. Here is a fresh one: please vote again.")) from None
        try:
            ballot_id = ballots.unsign(signed_id)
        except ValueError:
            raise InvalidMarking(
                _("The form was not made by this site. Here is a fresh one: please vote again.")
            ) from None
        if design != definition.design:
            raise OtherDesign
        first_release = definition.is_of_first_release
        fields = OWN_FIELDS | {markings.FIRST_FIELD} if first_release else OWN_FIELDS
        markings.refuse_unknown_fields(form.keys() - fields, definition.contests)
        marking = markings.parse(form, definition.contests, first_release=first_release)
        return cls(ballot_id, design, marking, form.get("proof", ""))
