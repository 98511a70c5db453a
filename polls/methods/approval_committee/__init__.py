"""Committees by approval: marked like an approval contest; the seats are filled in proportion."""

from django.utils.translation import gettext_lazy as _

from tabulation import approval_committee

from .. import limits
from ..approval import Approval
from ..base import ContestOnBallot


class ApprovalCommittee(Approval):
    """Marked like an approval contest; what is counted are whole sets of options."""

    rule = approval_committee
    name = approval_committee.NAME
    version = approval_committee.VERSION
    label = _("Committee by approval: any number of choices, seats in proportion")

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_count_keys(contest, contest.rules.get("max_choices"))

    def count_keys(self, marking: str, contest: ContestOnBallot) -> list[str]:
        return approval_committee.count_keys(super().count_keys(marking, contest), contest.keys)
