"""What the ballot page sends back."""

from typing import NamedTuple, Self
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from . import ballots, markings
from .definition import Definition
from .methods import InvalidMarking
from .roll.groups import read_groups
from .voters import KIOSK_FIELD, Voter

# What a ballot form has besides the contests.
OWN_FIELDS = frozenset(("csrfmiddlewaretoken", "ballot_id", "design", "proof", "roll_groups", KIOSK_FIELD))


class OtherDesign(Exception):
    """The form shows the ballot as it was before a change; its marks cannot be read on the ballot in force."""


class MarkedBallot(NamedTuple):
    """A submitted ballot form: which ballot, on which design, marked how, with which proof of work.

    `groups` are those for which the paper was shown. A voter may send others: the ballot box compares them.
    """

    ballot_id: UUID
    design: str
    marking: str
    proof: str
    groups: str = ""

    @classmethod
    def from_form(cls, form: QueryDict, definition: Definition, voter: Voter | None = None) -> Self:
        """Read a submitted form; raises OtherDesign, InvalidPaper, or InvalidMarking with a sentence for the voter.

        Without a voter, in a preview, the paper has the questions of all groups.
        """
        try:
            [signed_id], [design] = form.getlist("ballot_id"), form.getlist("design")
        except ValueError:
            raise InvalidMarking(_("The form came back incomplete. Here is a fresh one: please vote again.")) from None
        try:
            ballot_id = ballots.unsign(signed_id, form_key(definition, voter))
        except ValueError:
            raise InvalidMarking(
                _("This form was opened with another code. Look at your choice again, then press “Vote”.")
                if definition.has_roll
                else _("The form was not made by this site. Here is a fresh one: please vote again.")
            ) from None
        if design != definition.design:
            raise OtherDesign
        first_release = definition.is_of_first_release
        fields = OWN_FIELDS | {markings.FIRST_FIELD} if first_release else OWN_FIELDS
        groups = form.get("roll_groups", "")
        contests = definition.contests_for(read_groups(groups)) if voter else definition.contests
        if not contests:
            raise InvalidMarking(_("No question of this election is for you. Ask the organiser if that is a mistake."))
        markings.refuse_unknown_fields(form.keys() - fields, contests)
        marking = markings.parse(form, contests, first_release=first_release)
        return cls(ballot_id, design, marking, form.get("proof", ""), groups)


def form_key(definition: Definition, voter: Voter | None) -> str:
    """Return the voter key for which forms are signed: two voters with codes may take turns at one device."""
    return voter.key if voter and definition.has_roll else ""
