"""Results and anonymous ballots as files: CSV, JSON, and BLT, which other programs count.

Ballots are split by question, so that no pattern over a whole paper tells whose it is, and equal ones stand together in
the order of their markings, which tells nothing of when they were cast.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pages.spreadsheet_cells import write_cell
from polls.design import Paper
from polls.methods import ContestOnBallot
from record.ballot_piles import Piles, pile_up
from tabulation.files import blt
from tabulation.files.content import Content, Kind
from tally.models import AnonymousBallots

from .snapshot import Snapshot

_GROUP = re.compile(r"[=,]")


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
    places = {option.key: place for place, option in enumerate(contest.options)}
    ballots: Counter[Any] = Counter()
    kind = Kind.RANKINGS
    for (marking, weight), number in pile.items():
        if ":" in marking:
            kind = Kind.SCORES
        groups = [_GROUP.split(part) for part in marking.split(">")] if marking and kind is Kind.RANKINGS else []
        ballots[tuple(tuple(sorted(places[key] for key in group)) for group in groups)] += weight * number
    names = tuple(option.label for option in contest.options)
    return blt.write(Content(names, kind, ballots, title=contest.title or title, seats=contest.seats))
