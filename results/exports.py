"""Results and anonymous ballots as files: CSV, BLT and NIST's cast vote records, which other programs read.

Ballots are split by question, so that no pattern over a whole paper tells whose it is, and equal ones stand together in
the order of their markings, which tells nothing of when they were cast.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pages.spreadsheet_cells import write_cell
from polls.design import Paper
from polls.methods import ContestOnBallot
from record.ballot_piles import Piles, pile_up
from tabulation.files import blt, nist_cvr
from tabulation.files.content import Content, Kind, Ranking, Scores
from tabulation.files.sentences import NotWritable
from tabulation.motion import Majority
from tabulation.sentences import gettext_noop
from tally.models import AnonymousBallots

from .snapshot import Snapshot

_GROUP = re.compile(r"[=,]")
# Votes that are written one by one for a page: some 8 MB.
MOST_CVRS = 20_000
_TOO_MANY = gettext_noop("there are %(total)s votes, and at most %(most)s are written one by one here")
# What NIST SP 1500-103 calls our methods (VoteVariation); it does not know the others.
_VARIATIONS = {
    "plurality": "plurality",
    "approval": "approval",
    "approval-committee": "approval",
    "motion": "majority",
    "irv": "rcv",
    "stv": "rcv",
    "borda": "borda",
    "score": "range",
}


def write_csv(rows: Iterable[Iterable[object]]) -> str:
    """Write rows as CSV, as RFC 4180 has it, with a byte-order mark, without which some programs read no UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows([write_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return f"\ufeff{out.getvalue()}"


def results_csv(snapshot: Snapshot) -> str:
    """Return the results as CSV."""
    rows: list[list[object]] = [
        ["contest", "title", "option", "label", "count", "share", "standing", "ballots", "blank"]
    ]
    for one in snapshot.contests:
        for option in one.options:
            standing = "winner" if option.key in one.winners else "tie" if option.key in one.tied else ""
            rows.append(
                [
                    one.contest.key, one.title, option.key, option.label, option.count, option.share, standing,
                    one.ballots, one.blank,
                ]
            )  # fmt: skip
    return write_csv(rows)


def read_piles(election: int, paper: Paper) -> dict[str, Piles]:
    """Return the anonymous ballots of a certified election, by contest."""
    rows = AnonymousBallots.objects.filter(election=election).values_list("marking", "weight", "number")
    return pile_up(rows.iterator(), paper)


def ballots_csv(piles: dict[str, Piles]) -> str:
    """Return the ballots as CSV, a line for each marking."""
    rows: list[list[object]] = [["contest", "marking", "weight", "number"]]
    rows += [
        [contest, marking, weight, number]
        for contest, pile in piles.items()
        for (marking, weight), number in sorted(pile.items())
    ]
    return write_csv(rows)


def ballots_blt(contest: ContestOnBallot, pile: Piles, title: str) -> Iterator[str]:
    """Yield the ballots of a contest as BLT, each with its weight; raises NotWritable where options have grades."""
    return blt.write(_read_content(contest, pile, title))


def ballots_cvr(contest: ContestOnBallot, pile: Piles, title: str, generated: str) -> Iterator[str]:
    """Yield the ballots of a contest as cast vote records by NIST SP 1500-103, a record for each vote.

    They stand in the order of what they say. `generated` is a time, as 2026-05-01T12:00:00Z. Raises NotWritable where
    there are more than a page should make.
    """
    if (votes := sum(weight * number for (_marking, weight), number in pile.items())) > MOST_CVRS:
        raise NotWritable(_TOO_MANY, total=votes, most=MOST_CVRS)
    variation, method = _find_variation(contest)
    return nist_cvr.write(_read_content(contest, pile, title), generated, variation=variation, method=method)


def _find_variation(contest: ContestOnBallot) -> tuple[str, str]:
    """Return the word of NIST's VoteVariation for a contest, and the name of its method where that is `other`."""
    if contest.method == "motion" and contest.rules.get("majority") in (Majority.TWO_THIRDS, Majority.THREE_QUARTERS):
        return "super-majority", ""
    variation = _VARIATIONS.get(contest.method)
    return (variation, "") if variation else ("other", contest.method)


def _read_content(contest: ContestOnBallot, pile: Piles, title: str) -> Content:
    """Return the ballots of a contest as files have them: scores where options have grades, or else rankings."""
    places = {option.key: place for place, option in enumerate(contest.options)}
    has_grades = any(":" in marking for marking, _weight in pile)
    read = _read_scores if has_grades else _read_ranking
    ballots: Counter[Any] = Counter()
    for (marking, weight), number in pile.items():
        ballots[read(marking, places) if marking else ()] += weight * number
    kind = Kind.SCORES if has_grades else Kind.RANKINGS
    names = tuple(option.label for option in contest.options)
    return Content(names, kind, ballots, title=contest.title or title, seats=contest.seats)


def _read_ranking(marking: str, places: Mapping[str, int]) -> Ranking:
    groups = (_GROUP.split(part) for part in marking.split(">"))
    return tuple(tuple(sorted(places[key] for key in group)) for group in groups)


def _read_scores(marking: str, places: Mapping[str, int]) -> Scores:
    given = dict(part.split(":") for part in marking.split(","))
    return tuple(int(given[key]) if key in given else None for key in places)
