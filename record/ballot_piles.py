"""The published ballots: by contest, equal ones together, in the order of their markings.

Ballots are split by contest, so that no pattern over a whole paper tells whose it is. The order of markings tells
nothing of when a ballot was cast.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from polls.design import Paper

# How often each (marking, weight) was cast in one contest.
Piles = Counter[tuple[str, int]]


def split_by_contest(marking: str) -> Iterable[tuple[str, str]]:
    """Yield the contests of a paper's marking, each with the marking in it."""
    for part in marking.split(";"):
        key, _sign, own = part.partition("=")
        yield key, own


def pile_up(rows: Iterable[tuple[str, int, int]], paper: Paper) -> dict[str, Piles]:
    """Return the ballots by contest; a row is a marking of the whole paper, its weight, and how often it was cast."""
    piles: dict[str, Piles] = {contest.key: Counter() for contest in paper.contests}
    for marking, weight, number in rows:
        for key, own in split_by_contest(marking):
            piles[key][own, weight] += number
    return piles


def ballots_json(slug: str, design: str, paper: Paper, piles: dict[str, Piles]) -> str:
    """Return the ballots as JSON, with the paper on which they were made."""
    contests = json.loads(paper.write())["contests"]
    for contest in contests:
        contest["ballots"] = [
            {"marking": marking, "weight": weight, "number": number}
            for (marking, weight), number in sorted(piles[contest["key"]].items())
        ]
    fields: dict[str, Any] = {"election": slug, "design": design, "title": paper.title, "contests": contests}
    return json.dumps(fields, ensure_ascii=False, indent=1)
