"""What the ranked methods have in common: ballots that put options in an order.

A form has a field with a rank for each option, 1 for the first choice. A marking has the options in their order, as in
`ana>bea`; where options may share a rank, `ana=bea>carlo` puts two first. An option that is left out is not ranked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby, pairwise
from random import Random

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tabulation import rankings

from . import limits, option_fields
from .base import ContestOnBallot, CountedByRule, InvalidMarking

# Options in order, the best first, each with those of equal rank in ballot order.
Groups = Sequence[Sequence[str]]


@dataclass(frozen=True)
class RankingShown:
    """A ranking as a form shows it: the rank of each option that has one."""

    ranks: Mapping[str, int]
    contest: ContestOnBallot
    may_be_equal: bool

    @cached_property
    def choices(self) -> dict[str, SafeString]:
        """Return what the select box of each option offers: all ranks, its own chosen.

        Written here and not in the template, which takes many times as long for the square of the options.
        """
        ranks = range(1, len(self.contest.keys) + 1)
        none = "".join(f"<option>{rank}</option>" for rank in ranks)
        boxes = dict.fromkeys(self.contest.keys, none)
        for key, rank in self.ranks.items():
            boxes[key] = none.replace(f"<option>{rank}<", f"<option selected>{rank}<")
        return {key: mark_safe(box) for key, box in boxes.items()}

    @cached_property
    def summary(self) -> str:
        """Say the ranking in words, as the script of the page does; empty where nothing is ranked."""
        labels = option_fields.labels_of(self.contest)
        if not self.ranks:
            return ""
        ranked = ", ".join(
            f"{rank} {labels[key]}" for key, rank in sorted(self.ranks.items(), key=lambda pair: pair[1])
        )
        left = [label for key, label in labels.items() if key not in self.ranks]
        if not left:
            return f"{ranked}."
        rest = ngettext("%(options)s is not ranked", "%(options)s are not ranked", len(left))
        return f"{ranked}; {rest}." % {"options": ", ".join(left)}


class Ranked(CountedByRule):
    """A method whose ballots are rankings; `rule` is its module in `tabulation`."""

    label: str | Promise
    on_withdrawal = gettext_lazy("It is taken out of each ranking, and those below it move up.")
    nothing_chosen = gettext_lazy("Nothing is ranked yet. Give at least one option a rank, then press “Vote”.")

    def may_be_equal(self, contest: ContestOnBallot) -> bool:
        """Tell whether options may share a rank."""
        return False

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_number(contest)

    def parse(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> str:
        given = option_fields.read(values, form, contest)
        labels = option_fields.labels_of(contest)
        known = _ranks(contest)
        for key, text in given.items():
            if text not in known:
                raise InvalidMarking(
                    _("“%(text)s” is no rank for %(option)s. Choose a number from 1 to %(last)d, or none.")
                    % {"text": option_fields.shorten(text), "option": labels[key], "last": len(known)}
                )
        ranks = {key: known[text] for key, text in given.items()}
        if not self.may_be_equal(contest):
            _require_one_each(ranks, labels)
        return write(group(ranks))

    def initial(self, values: list[str], form: QueryDict, contest: ContestOnBallot) -> RankingShown:
        ranks = option_fields.read_again(form, contest, _ranks(contest))
        return RankingShown(ranks, contest, self.may_be_equal(contest))

    def count_keys(self, marking: str, contest: ContestOnBallot) -> Iterable[str]:
        groups = read(marking, contest)
        if not self.may_be_equal(contest) and any(len(one) > 1 for one in groups):
            raise InvalidMarking(_("Two options share a rank."))
        return self.count(groups, contest)

    def strike(self, marking: str, option: str, contest: ContestOnBallot) -> str:
        left = ([key for key in group if key != option] for group in read(marking, contest))
        return write([group for group in left if group])

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        """Return the count keys of a ranking."""
        raise NotImplementedError

    def invent(self, contest: ContestOnBallot, chance: Random) -> str:
        # The first options are ranked higher more often, so that the result is no tie.
        drawn = sorted(enumerate(contest.keys), key=lambda pair: pair[0] + chance.gauss(0, len(contest.keys) / 2))
        return write([[key] for _place, key in drawn[: chance.randint(1, len(drawn))]])


class WhollyCounted(Ranked):
    """A ranked method that counts whole rankings, and needs an order without equals."""

    def check(self, contest: ContestOnBallot) -> None:
        super().check(contest)
        limits.check_count_keys(contest)

    def count(self, groups: Groups, contest: ContestOnBallot) -> Iterable[str]:
        return rankings.count_keys(chain.from_iterable(groups))


def group(ranks: Mapping[str, int]) -> list[list[str]]:
    """Return options in the order of their ranks, those of equal rank together; the numbers do not matter otherwise."""
    in_order = sorted(ranks, key=ranks.__getitem__)
    return [list(keys) for _rank, keys in groupby(in_order, key=ranks.__getitem__)]


def write(groups: Groups) -> str:
    """Write a ranking as a marking."""
    return ">".join("=".join(keys) for keys in groups)


def read(marking: str, contest: ContestOnBallot) -> list[list[str]]:
    """Read a marking; raises InvalidMarking where it is not in canonical form."""
    groups = [part.split("=") for part in marking.split(">")]
    places = {key: place for place, key in enumerate(contest.keys)}
    ranked = list(chain.from_iterable(groups))
    if not places.keys() >= set(ranked) or len(set(ranked)) < len(ranked):
        raise InvalidMarking(_("The ranking does not have each of its options once, or has one of another ballot."))
    if any(places[one] > places[other] for keys in groups for one, other in pairwise(keys)):
        raise InvalidMarking(_("Options of equal rank are not in canonical order."))
    return groups


def _ranks(contest: ContestOnBallot) -> dict[str, int]:
    """Return the ranks that a form can give, by how they are written."""
    return {str(rank): rank for rank in range(1, len(contest.keys) + 1)}


def _require_one_each(ranks: Mapping[str, int], labels: Mapping[str, str]) -> None:
    """Raise InvalidMarking unless the ranks are 1, 2, 3 and so on, each once."""
    by_rank: dict[int, str] = {}
    for key, rank in ranks.items():
        if rank in by_rank:
            raise InvalidMarking(
                _("“%(one)s” and “%(other)s” both have rank %(rank)d. Give each a rank of its own.")
                % {"one": labels[by_rank[rank]], "other": labels[key], "rank": rank}
            )
        by_rank[rank] = key
    for place, rank in enumerate(sorted(by_rank), start=1):
        if rank != place:
            raise InvalidMarking(
                _("“%(option)s” has rank %(rank)d, but no option has rank %(missing)d. Close the gap.")
                % {"option": labels[by_rank[rank]], "rank": rank, "missing": place}
            )
