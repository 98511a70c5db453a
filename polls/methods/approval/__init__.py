"""Approval: any number of choices on each ballot (or up to a limit), most approvals win.

A marking lists the approved keys in alphabetical order, separated by commas, so that equal ballots are equal text.
"""

from collections.abc import Mapping

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tabulation import approval
from tabulation.contest import Contest

from ..base import BallotPaper, InvalidMarking, Result


class Approval:
    name = approval.NAME
    label = _("Approval: any number of choices, most approvals win")

    def parse(self, form: QueryDict, paper: BallotPaper) -> str:
        choices = form.getlist("choice")
        if not choices:
            raise InvalidMarking(_("Nothing is chosen yet. Choose at least one option, then press “Vote”."))
        self._check(choices, paper)
        return ",".join(sorted(choices))

    def initial(self, form: QueryDict) -> list[str]:
        return form.getlist("choice")

    def count_keys(self, marking: str, paper: BallotPaper) -> list[str]:
        keys = marking.split(",")
        self._check(keys, paper)
        if keys != sorted(keys):
            raise InvalidMarking(_("The choices are not in canonical order."))
        return keys

    @staticmethod
    def _check(keys: list[str], paper: BallotPaper) -> None:
        if not set(keys) <= set(paper.keys):
            raise InvalidMarking(_("One of the choices is not on this ballot. Choose among those shown."))
        if len(set(keys)) < len(keys):
            raise InvalidMarking(_("An option is chosen twice. Choose each at most once."))
        if paper.max_choices is not None and len(keys) > paper.max_choices:
            raise InvalidMarking(
                ngettext(
                    "At most %(max)d option can be chosen. Take some away, then press “Vote”.",
                    "At most %(max)d options can be chosen. Take some away, then press “Vote”.",
                    paper.max_choices,
                )
                % {"max": paper.max_choices}
            )

    def result(self, counts: Mapping[str, int], ballots: int, paper: BallotPaper) -> Result:
        contest = Contest(paper.keys, ballots=ballots, rules={"max_choices": paper.max_choices})
        return Result.of(approval.tabulate(contest, counts), paper)
