"""Markings of a whole paper: `q1=nesquik;q2=ant,cat;q3=`, a part for each contest, in the order of the paper.

A contest for some groups of a roll has no part in the marking of a voter who is in none of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tabulation.counts import BALLOTS, BLANK

from . import methods
from .methods import ContestOnBallot, InvalidMarking

# The field of the only contest in forms of the first release.
FIRST_FIELD = "choice"


class InvalidPaper(InvalidMarking):
    """A paper that cannot be accepted; `errors` has what is wrong with each contest, by its key."""

    def __init__(self, errors: dict[str, Any]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def values_of(form: QueryDict, contest: ContestOnBallot, *, first_release: bool = False) -> list[str]:
    """Return the values of the field that is named like a contest, without the empty value of "leave blank"."""
    values = form.getlist(contest.key) or (form.getlist(FIRST_FIELD) if first_release else [])
    return [value for value in values if value]


def parse(form: QueryDict, contests: Sequence[ContestOnBallot], *, first_release: bool = False) -> str:
    """Turn a submitted form into the marking of the paper; raises InvalidPaper with all that is wrong."""
    parts, errors = [], {}
    for contest in contests:
        try:
            values = values_of(form, contest, first_release=first_release)
            marking = methods.get(contest.method).parse(values, form, contest)
            if not marking and not contest.may_be_blank:
                raise InvalidMarking(methods.get(contest.method).nothing_chosen)
        except InvalidMarking as problem:
            errors[contest.key] = problem.message
        else:
            parts.append(f"{contest.key}={marking}")
    if errors:
        raise InvalidPaper(errors)
    return ";".join(parts)


def refuse_unknown_fields(names: Iterable[str], contests: Sequence[ContestOnBallot]) -> None:
    """Raise InvalidPaper if a field of a form belongs to no contest of the paper."""
    known = {contest.key for contest in contests}
    for name in names:
        if name.partition(":")[0] not in known:
            raise InvalidPaper({"": _("The form marks a question that is not on this ballot. Here is a fresh one.")})


def count_keys(marking: str, contests: Sequence[ContestOnBallot]) -> Iterator[str]:
    """Yield the count keys of a paper's marking, each with its contest; raises InvalidMarking where it is not valid."""
    parts = [part.partition("=") for part in marking.split(";")]
    marked = [key for key, _sign, _rest in parts]
    on_paper = [contest for contest in contests if not contest.groups or contest.key in marked]
    if marked != [contest.key for contest in on_paper]:
        raise InvalidMarking(_("The marking does not have each question of the ballot once, in order."))
    for contest, (key, sign, own) in zip(on_paper, parts, strict=True):
        if contest.groups:
            # How many ballots have this contest is seen by nothing else.
            yield f"{key}:{BALLOTS}"
        if own:
            for one in methods.get(contest.method).count_keys(own, contest):
                yield f"{key}:{one}"
        elif sign and contest.may_be_blank:
            yield f"{key}:{BLANK}"
        else:
            raise InvalidMarking(methods.get(contest.method).nothing_chosen)
