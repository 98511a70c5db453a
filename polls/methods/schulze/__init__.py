"""The Schulze method: a ranking; each option is compared with each other one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tabulation import pairwise, schulze
from tabulation.contest import Contest
from tabulation.outcome import Outcome

from ..base import ContestOnBallot, InvalidRules
from ..pairs import Comparisons
from ..ranking import Groups, Ranked
from ..telling import Teller, Told, no_votes

# A rule of the ballot page alone: may two options share a rank?
EQUAL_RANKS = "equal_ranks"
ALLOWED, REFUSED = "allowed", "refused"


class Schulze(Ranked):
    rule = schulze
    label = gettext_lazy("Schulze: a ranking; each option is compared with each other one")
    count_note = gettext_lazy("The number says how many other options each one comes before.")

    def rule_fields(self) -> dict[str, forms.Field]:
        equals = [(ALLOWED, _("may have the same rank")), (REFUSED, _("have a rank of their own"))]
        strengths = [
            ("winning-votes", _("by the votes of the winning side")),
            ("margins", _("by the difference of the two sides")),
        ]
        return {
            EQUAL_RANKS: forms.ChoiceField(label=_("Options"), choices=equals, required=False),
            "strength": forms.ChoiceField(label=_("A victory is measured"), choices=strengths, required=False),
        }

    def may_be_equal(self, contest: ContestOnBallot) -> bool:
        return bool(contest.rules.get(EQUAL_RANKS, ALLOWED) == ALLOWED)

    def check(self, contest: ContestOnBallot) -> None:
        if contest.rules.get(EQUAL_RANKS, ALLOWED) not in (ALLOWED, REFUSED):
            raise InvalidRules(_("“equal_ranks” has to be “allowed” or “refused”."))
        super().check(replace(contest, rules=_of_counting(contest.rules)))

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return pairwise.count_keys(groups, contest.keys)

    def tabulate(self, contest: Contest, counts: Mapping[str, int]) -> Outcome:
        return super().tabulate(replace(contest, rules=_of_counting(contest.rules)), counts)

    def tell(self, contest: ContestOnBallot, outcome: Outcome) -> Told:
        teller = Teller(contest, outcome)
        levels = teller.working["ranking"]
        order = [key for level in levels for key in level]
        if not any(map(any, teller.working["matrix"])):
            return teller.told(str(self.label), [no_votes()])
        comparisons = Comparisons(teller, order)
        return teller.told(
            str(self.label),
            [*_tell_first(teller, comparisons, levels, order), _tell_order(teller, levels)],
            figures=[comparisons.figure()],
            tables=[comparisons.table()],
            notes=comparisons.notes(),
        )


def _of_counting(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules that change the count."""
    return {name: value for name, value in rules.items() if name != EQUAL_RANKS}


def _tell_first(
    teller: Teller, comparisons: Comparisons, levels: Sequence[Sequence[str]], order: Sequence[str]
) -> Iterator[str]:
    """Say how the first ones come to be first: by all comparisons, or by the strongest chains."""
    first = levels[0][0]
    if len(levels[0]) == 1 and all(comparisons.beats(first, other) for other in order if other != first):
        yield _("Compared one by one, %(option)s beats each other option.") % {"option": teller.labels[first]}
        return
    yield _(
        "Compared one by one, no option beats all others. So chains of victories decide: a chain is as strong as its "
        "weakest victory. An option comes before another if its strongest chain to it is stronger than any chain back."
    )
    paths, places = teller.working["paths"], list(teller.labels)
    told = _("%(one)s comes before %(other)s: its strongest chain there is worth %(there)s, the one back %(back)s.")
    for one, other in product(levels[0], levels[1] if len(levels) > 1 else ()):
        there, back = paths[places.index(one)][places.index(other)], paths[places.index(other)][places.index(one)]
        if there > back:
            values = {"one": teller.labels[one], "other": teller.labels[other]}
            yield told % (values | {"there": teller.number(there), "back": teller.number(back)})


def _tell_order(teller: Teller, levels: Sequence[Sequence[str]]) -> str:
    """Say the whole order."""
    order = "; ".join(f"{place}. {teller.names(level)}" for place, level in enumerate(levels, start=1))
    return _("The order: %(order)s.") % {"order": order}
