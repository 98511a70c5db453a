"""Whether the roll of an election is such that it can be published."""

from django.db.models import Sum
from django.utils.translation import gettext as _

from ..design import Paper
from ..models import Election, Eligibility, RollEntry
from .identities import count_unreachable, find_clash


def find_problem(election: Election, paper: Paper) -> str:
    """Say why an election cannot be published with its roll, and what to do; "" where it can."""
    if election.eligibility != Eligibility.ROLL:
        return ""
    entries = RollEntry.objects.filter(election=election, struck_at=None)
    if not entries.exists():
        return _("The roll is empty: nobody could vote. Put the voters on it first.")
    if election.providers and entries.count() == count_unreachable(election):
        return _(
            "The voters of this election sign in, and nobody on the roll has an e-mail address or a subject by which "
            "to be found. Add them, or let the voters have codes."
        )
    if problem := find_clash(election):
        return problem
    for contest in paper.contests:
        for group in contest.groups:
            if not entries.filter(groups__contains=[group]).exists():
                return _(
                    "The question “%(title)s” is for the group “%(group)s”, and nobody on the roll is in it. "
                    "Look at the spelling, or take the group out."
                ) % {"title": contest.title or contest.key, "group": group}
    return ""


def count_voters(election: Election) -> tuple[int, int]:
    """Return how many voters are on the roll, and the sum of their weights."""
    entries = RollEntry.objects.filter(election=election, struck_at=None)
    return entries.count(), entries.aggregate(sum=Sum("weight"))["sum"] or 0
