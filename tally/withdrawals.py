"""Options that withdraw after the close: the election is counted a second time without them.

The second result stands beside the first one, and never in its place.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Self

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from polls import methods
from polls.design import Paper
from polls.life import State
from polls.methods import ContestOnBallot
from polls.models import Election
from tabulation.canonical_json import Json
from tabulation.contest import Contest
from tabulation.draw import Draw
from tabulation.outcome import Outcome

from .models import AnonymousBallots, Certification, CountedBallot, Withdrawal
from .tie_breaks import change_result


class Recounted(NamedTuple):
    """The outcome of a contest without some options: their keys, why each withdrew, and what was counted."""

    without: tuple[str, ...]
    reasons: tuple[str, ...]
    blank: int
    outcome: Outcome

    def as_dict(self) -> dict[str, Json]:
        """Return plain JSON, as it is stored."""
        return {
            "without": list(self.without),
            "reasons": list(self.reasons),
            "blank": self.blank,
            "outcome": self.outcome.as_dict(),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `as_dict` returns; raises ValueError where it is something else."""
        outcome = Outcome.from_dict(fields["outcome"])
        return cls(tuple(fields["without"]), tuple(fields["reasons"]), fields["blank"], outcome)


def without(contest: ContestOnBallot, gone: set[str]) -> ContestOnBallot:
    """Return a contest as if some of its options had never stood."""
    return replace(contest, options=tuple(one for one in contest.options if one.key not in gone))


def recount(election: Election, paper: Paper, draw: Draw | None) -> dict[str, Recounted]:
    """Count the contests with withdrawn options again, from the markings of the ballots that count; by contest."""
    gone: dict[str, list[Withdrawal]] = {}
    for withdrawal in election.withdrawals.all():
        gone.setdefault(withdrawal.contest, []).append(withdrawal)
    return {
        contest.key: _recount(election, contest, gone[contest.key], draw)
        for contest in paper.contests
        if contest.key in gone
    }


def _recount(election: Election, contest: ContestOnBallot, gone: list[Withdrawal], draw: Draw | None) -> Recounted:
    method = methods.get(contest.method)
    keys = [one.option for one in gone]
    left = without(contest, set(keys))
    counts: Counter[str] = Counter()
    ballots = blank = 0
    for paper, votes in _read_markings(election):
        parts = dict(part.split("=", 1) for part in paper.split(";"))
        if contest.key not in parts:
            # It is for groups in which these voters are not.
            continue
        marking = parts[contest.key]
        for key in keys:
            marking = marking and method.strike(marking, key, contest)
        ballots += votes
        if not marking:
            blank += votes
            continue
        for key in method.count_keys(marking, left):
            counts[key] += votes
    given = Contest(left.keys, contest.seats, contest.counting_rules, ballots, blank, key=contest.key, draw=draw)
    return Recounted(tuple(keys), tuple(one.reason for one in gone), blank, method.tabulate(given, counts))


def _read_markings(election: Election) -> Iterator[tuple[str, int]]:
    """Yield each marking of the ballots that count, with its votes."""
    if election.state == State.CERTIFIED and AnonymousBallots.objects.filter(election=election).exists():
        kinds = AnonymousBallots.objects.filter(election=election).values_list("marking", "number", "weight")
        yield from ((marking, number * weight) for marking, number, weight in kinds.iterator())
        return
    rows = CountedBallot.objects.filter(election=election).values("marking").annotate(votes=Sum("weight")).order_by()
    yield from ((marking, int(votes)) for marking, votes in rows.values_list("marking", "votes").iterator())


@transaction.atomic
def withdraw(election: Election, paper: Paper, contest: str, option: str, reason: str) -> Withdrawal:
    """Note that an option has withdrawn after the close; raises ValidationError where that cannot be.

    An order to certify that waits for a second manager ends with it: it was for the result without the second one.
    """
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.state != State.FINAL:
        raise ValidationError(
            _("Not noted: an option withdraws after the last ballot is counted, and before the result is certified.")
        )
    order = Certification.objects.filter(election=stored).first()
    if order and order.step in Certification.UNDER_WAY:
        raise ValidationError(_("Not noted: the result is being certified."))
    [on_paper] = [one for one in paper.contests if one.key == contest]
    gone = set(stored.withdrawals.filter(contest=contest).values_list("option", flat=True))
    if option in gone:
        raise ValidationError(_("Not noted: it has withdrawn already."))
    if not methods.get(on_paper.method).on_withdrawal or option == on_paper.rules.get("none_of_the_above"):
        raise ValidationError(_("Not noted: that is no candidate, and cannot withdraw."))
    if len(on_paper.keys) - len(gone) < 2:
        raise ValidationError(_("Not noted: nobody would be left."))
    withdrawal = Withdrawal.objects.create(election=stored, contest=contest, option=option, reason=reason)
    Certification.objects.filter(election=stored, step=Certification.Step.WAITING).delete()
    change_result(stored)
    return withdrawal
