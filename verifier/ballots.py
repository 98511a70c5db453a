"""The ballots as they are published: by contest, equal ones together, without anything of who cast them."""

from collections import Counter
from typing import Any, TypeAlias

from .entries import Entries
from .paper import Contest, Paper, read_contests
from .report import Malformed
from .values import is_number, read_json, shorten

# How often each (marking, weight) was cast in one contest.
Piles: TypeAlias = Counter[tuple[str, int]]


def read_ballots(data: bytes, paper: Paper, entries: Entries) -> dict[str, Piles]:
    """Read the ballots of an election on a paper, by contest; raises Malformed."""
    content = read_json(data)
    if not isinstance(content, dict) or content.keys() != {"election", "design", "title", "contests"}:
        raise Malformed("the ballots are no object in JSON with election, design, title and contests alone")
    entries.require_same(content, paper.text)
    if content["title"] != paper.title:
        raise Malformed(f"title is {shorten(content['title'])}, and has to be {shorten(paper.title)}")
    contests = read_contests(content["contests"])
    if [one.key for one in contests] != [one.key for one in paper.contests]:
        raise Malformed("its contests are not those of paper.json")
    for given, contest in zip(contests, paper.contests, strict=True):
        if given.said != contest.said:
            raise Malformed(f"contest {contest.key} is not as in paper.json")
    pairs = zip(paper.contests, content["contests"], strict=True)
    return {contest.key: _read_piles(contest, one.get("ballots")) for contest, one in pairs}


def _read_piles(contest: Contest, content: Any) -> Piles:
    if not isinstance(content, list):
        raise Malformed(f"contest {contest.key} has no list of ballots")
    piles: Piles = Counter()
    for place, one in enumerate(content, start=1):
        if not isinstance(one, dict) or one.keys() != {"marking", "weight", "number"}:
            raise Malformed(f"{contest.key}, ballot {place:,}: {shorten(one)} has no marking, weight and number alone")
        marking, weight, number = one["marking"], one["weight"], one["number"]
        if not (isinstance(marking, str) and is_number(weight, least=1) and is_number(number, least=1)):
            raise Malformed(f"{contest.key}, ballot {place:,}: {shorten(one)} has no text and two numbers from 1 on")
        if (marking, weight) in piles:
            raise Malformed(f"{contest.key}, ballot {place:,}: {shorten(marking)} of weight {weight} comes twice")
        piles[marking, weight] = number
    return piles
