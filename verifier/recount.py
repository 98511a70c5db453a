"""Counting the published ballots again, and comparing what comes out with the certified result."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from tabulation import (
    approval,
    approval_committee,
    borda,
    irv,
    majority_judgment,
    motion,
    plurality,
    schulze,
    score,
    star,
    stv,
)
from tabulation.contest import Contest as Tabulated
from tabulation.draw import Draw

from .ballots import Piles
from .markings import count_keys, strike
from .paper import Contest, Paper
from .report import Malformed, at
from .result import Result
from .values import shorten

_RULES: dict[str, ModuleType] = {
    rule.NAME: rule
    for rule in (
        plurality, approval, motion, score, star, majority_judgment, borda, irv, stv, schulze, approval_committee,
    )
}  # fmt: skip


def recount(result: Result, paper: Paper, ballots: dict[str, Piles]) -> None:
    """Raise Wrong with the first contest and field in which the certified result is not what the ballots give."""
    for contest, certified in zip(paper.contests, result.contests, strict=True):
        with at("ballots.json"):
            counts, having, blank = _count(contest, ballots[contest.key], contest, ())
        given = {"ballots": having, "blank": blank, "entitled": certified["entitled"]}
        with at("certified.json"):
            for name in ("ballots", "blank"):
                _compare(f"{contest.key}: {name}", certified[name], given[name])
            outcome = _tabulate(contest, counts, result.draw, **given)
            _compare(f"{contest.key}: outcome", certified["outcome"], outcome)
        if "recounted" in certified:
            _recount_without(contest, certified["recounted"], ballots[contest.key], result.draw)


def _recount_without(contest: Contest, certified: dict[str, Any], piles: Piles, draw: Draw | None) -> None:
    gone = tuple(certified["without"])
    left = replace(contest, options=tuple(key for key in contest.options if key not in gone))
    with at("certified.json"):
        counts, having, blank = _count(contest, piles, left, gone)
        _compare(f"{contest.key} without {', '.join(gone)}: blank", certified["blank"], blank)
        outcome = _tabulate(left, counts, draw, ballots=having, blank=blank)
        _compare(f"{contest.key} without {', '.join(gone)}: outcome", certified["outcome"], outcome)


def _count(contest: Contest, piles: Piles, left: Contest, gone: tuple[str, ...]) -> tuple[Counter[str], int, int]:
    """Return the counts of a contest without the options `gone`, its ballots and its blank ones, all in votes."""
    counts: Counter[str] = Counter()
    ballots = blank = 0
    for (marking, weight), number in piles.items():
        votes = weight * number
        ballots += votes
        if not marking and not contest.may_be_blank:
            raise Malformed(f"{contest.key} has a blank ballot, which it does not allow")
        if gone and marking:
            # It has to be valid before an option is struck from it.
            count_keys(marking, contest)
            for key in gone:
                marking = strike(marking, key, contest)
        if not marking:
            blank += votes
            continue
        for key in count_keys(marking, left):
            counts[key] += votes
    return counts, ballots, blank


def _tabulate(contest: Contest, counts: Counter[str], draw: Draw | None, **numbers: Any) -> dict[str, Any]:
    rule = _RULES.get(contest.method)
    if rule is None or contest.version != rule.VERSION:
        raise Malformed(f"{contest.key} is counted by version {contest.version} of {shorten(contest.method)}: not here")
    tabulate: Callable[[Tabulated, Counter[str]], Any] = rule.tabulate
    try:
        given = Tabulated(contest.options, contest.seats, contest.counting_rules, key=contest.key, draw=draw, **numbers)
        outcome: dict[str, Any] = tabulate(given, counts).as_dict()
    # Rules and lots out of a file may be of any kind.
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        raise Malformed(f"{contest.key} cannot be counted: {error}") from error
    return outcome


def _compare(path: str, certified: Any, counted: Any) -> None:
    """Raise Malformed with the first field in which two values of plain JSON differ."""
    if isinstance(counted, tuple):
        counted = list(counted)
    if isinstance(certified, dict) and isinstance(counted, dict):
        for name in [*counted, *sorted(certified.keys() - counted.keys())]:
            if name not in certified or name not in counted:
                raise Malformed(f"{path}, {name}: {'the ballots give none' if name in certified else 'it is missing'}")
            _compare(f"{path}, {name}", certified[name], counted[name])
        return
    if isinstance(certified, list) and isinstance(counted, list) and len(certified) == len(counted):
        for place, (one, other) in enumerate(zip(certified, counted, strict=True), start=1):
            _compare(f"{path}, {place}", one, other)
        return
    if type(certified) is not type(counted) and not (isinstance(certified, str) and isinstance(counted, str)):
        raise Malformed(f"{path} is {shorten(certified)}, and the ballots give {shorten(counted)}")
    if certified != counted:
        raise Malformed(f"{path} is {shorten(certified)}, and the ballots give {shorten(counted)}")
