"""Plurality: one choice on each ballot, most votes win."""

from collections.abc import Mapping

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tabulation import plurality
from tabulation.contest import Contest

from ..base import BallotPaper, InvalidMarking, Result


class Plurality:
    name = plurality.NAME
    label = _("Plurality: one choice, most votes win")

    def parse(self, form: QueryDict, paper: BallotPaper) -> str:
        choices = form.getlist("choice")
        if not choices:
            raise InvalidMarking(_("Nothing is chosen yet. Choose one option, then press “Vote”."))
        if len(choices) > 1:
            raise InvalidMarking(_("Only one option can be chosen. Choose one, then press “Vote”."))
        self.count_keys(choices[0], paper)
        return choices[0]

    def initial(self, form: QueryDict) -> list[str]:
        return form.getlist("choice")[:1]

    def count_keys(self, marking: str, paper: BallotPaper) -> list[str]:
        if marking not in paper.keys:
            raise InvalidMarking(_("That option is not on this ballot. Choose one of those shown."))
        return [marking]

    def result(self, counts: Mapping[str, int], ballots: int, paper: BallotPaper) -> Result:
        return Result.of(plurality.tabulate(Contest(paper.keys, ballots=ballots), counts), paper)
