"""How ballots are marked: what a marking adds to the counts, by the method of its contest, and how options are struck.

These are rules of their own, after docs/methods.md: a server that reads markings in another way gets another result.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from tabulation import approval_committee, borda, grades, rankings, star
from tabulation import pairwise as pairs

from .paper import Contest
from .report import Malformed
from .values import is_number, shorten

Groups = list[list[str]]


def count_keys(marking: str, contest: Contest) -> Iterable[str]:
    """Return the count keys of a marking of one contest that is not blank; raises Malformed if it is not valid."""
    return _method(contest).count(marking, contest)


def strike(marking: str, option: str, contest: Contest) -> str:
    """Return a marking without an option, "" if it marks nothing else."""
    return _method(contest).strike(marking, option)


def split_paper(marking: str, contests: Iterable[Contest]) -> dict[str, str]:
    """Return the markings of a whole paper by contest, blank ones as ""; raises Malformed.

    Each contest comes once, in the order of the paper; one that is for some groups alone may be left out.
    """
    parts = [part.partition("=") for part in marking.split(";")]
    marked = [key for key, _, _ in parts]
    expected = [one.key for one in contests if not one.groups or one.key in marked]
    if marked != expected or not all(sign for _, sign, _ in parts):
        raise Malformed(f"the marking {shorten(marking)} does not have each contest of the paper once, in order")
    return {key: own for key, _, own in parts}


@dataclass(frozen=True)
class _Method:
    """How a method's markings are counted, and how an option is struck from one."""

    count: Callable[[str, Contest], Iterable[str]]
    strike: Callable[[str, str], str]


def _count_choice(marking: str, contest: Contest) -> list[str]:
    if marking not in contest.options:
        raise Malformed(f"{shorten(marking)} is no option of {contest.key}")
    return [marking]


def _count_choices(marking: str, contest: Contest) -> list[str]:
    keys = marking.split(",")
    most, least = _limit(contest, "max_choices", len(keys)), _limit(contest, "min_choices", len(keys))
    if not set(keys) <= set(contest.options) or any(one >= other for one, other in pairwise(keys)):
        raise Malformed(f"{shorten(marking)} is no list of options of {contest.key} in order, each once")
    if not least <= len(keys) <= most:
        raise Malformed(f"{shorten(marking)} has {len(keys)} choices, which {contest.key} does not allow")
    return keys


def _limit(contest: Contest, name: str, otherwise: int) -> int:
    limit = contest.rules.get(name)
    if limit is not None and not is_number(limit):
        raise Malformed(f"{name} of {contest.key} is {shorten(limit)}, which is no number")
    return otherwise if limit is None else limit


def _count_committee(marking: str, contest: Contest) -> list[str]:
    return approval_committee.count_keys(_count_choices(marking, contest), contest.options)


def _read_scores(marking: str, contest: Contest, best: int) -> dict[str, int]:
    known = {str(number): number for number in range(best + 1)}
    given: dict[str, int] = {}
    for part in marking.split(","):
        key, _, text = part.partition(":")
        if key in given or key not in contest.options or text not in known:
            raise Malformed(f"{shorten(part)} is no score from 0 to {best} in {contest.key}, or a second one")
        given[key] = known[text]
    if list(given) != [key for key in contest.options if key in given]:
        raise Malformed(f"the scores {shorten(marking)} are not in the order of {contest.key}")
    return given


def _best_score(contest: Contest) -> int:
    best = contest.rules.get("max_score", 5)
    if not is_number(best, least=1) or not best <= grades.LARGEST:
        raise Malformed(f"the best score of {contest.key} is {shorten(best)}")
    return best


def _count_scores(marking: str, contest: Contest) -> list[str]:
    return grades.count_keys(_read_scores(marking, contest, _best_score(contest)))


def _count_star(marking: str, contest: Contest) -> list[str]:
    return star.count_keys(_read_scores(marking, contest, _best_score(contest)), contest.options)


def _count_grades(marking: str, contest: Contest) -> list[str]:
    return grades.count_keys(_read_scores(marking, contest, 5))


def _read_ranking(marking: str, contest: Contest, *, may_be_equal: bool = False) -> Groups:
    places = {key: place for place, key in enumerate(contest.options)}
    groups = [part.split("=") for part in marking.split(">")]
    ranked = [key for group in groups for key in group]
    if not places.keys() >= set(ranked) or len(set(ranked)) < len(ranked):
        raise Malformed(f"{shorten(marking)} is no ranking of options of {contest.key}, each once")
    if any(places[one] > places[other] for group in groups for one, other in pairwise(group)):
        raise Malformed(f"options of equal rank in {shorten(marking)} are not in the order of {contest.key}")
    if not may_be_equal and len(groups) < len(ranked):
        raise Malformed(f"two options share a rank in {shorten(marking)}, which {contest.key} does not allow")
    return groups


def _count_places(marking: str, contest: Contest) -> list[str]:
    return borda.count_keys([key for [key] in _read_ranking(marking, contest)])


def _count_ranking(marking: str, contest: Contest) -> list[str]:
    return rankings.count_keys(key for [key] in _read_ranking(marking, contest))


def _count_pairs(marking: str, contest: Contest) -> list[str]:
    may_be_equal = contest.rules.get("equal_ranks", "allowed") == "allowed"
    return pairs.count_keys(_read_ranking(marking, contest, may_be_equal=may_be_equal), contest.options)


def _strike_from_list(marking: str, option: str) -> str:
    return ",".join(part for part in marking.split(",") if part.partition(":")[0] != option)


def _strike_from_ranking(marking: str, option: str) -> str:
    groups = ("=".join(key for key in part.split("=") if key != option) for part in marking.split(">"))
    return ">".join(group for group in groups if group)


def _method(contest: Contest) -> _Method:
    if contest.method not in _METHODS:
        raise Malformed(f"{contest.key} has the method {shorten(contest.method)}, which is not known here")
    return _METHODS[contest.method]


_METHODS = {
    "plurality": _Method(_count_choice, _strike_from_list),
    "motion": _Method(_count_choice, _strike_from_list),
    "approval": _Method(_count_choices, _strike_from_list),
    "approval-committee": _Method(_count_committee, _strike_from_list),
    "score": _Method(_count_scores, _strike_from_list),
    "star": _Method(_count_star, _strike_from_list),
    "majority-judgment": _Method(_count_grades, _strike_from_list),
    "borda": _Method(_count_places, _strike_from_ranking),
    "irv": _Method(_count_ranking, _strike_from_ranking),
    "stv": _Method(_count_ranking, _strike_from_ranking),
    "schulze": _Method(_count_pairs, _strike_from_ranking),
}
