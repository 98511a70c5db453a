"""What a results page has to show of contests that are counted by rankings or scores.

The rules are Urna's own, from `tabulation`, but what they are given is the ledger's: a ranking that is lost, doubled or
changed on its way changes counts, rounds or comparisons. That the rules are right is tested elsewhere.
"""

import importlib
import json
from collections import Counter
from typing import Any

from tests.faults.paper import RANKED, contest_of

BY_KEY = {contest.key: contest for contest in RANKED}


def is_computed(contest: dict[str, Any]) -> bool:
    """Tell whether what a snapshot shows of a contest was computed from its counts, and is not the counts."""
    return contest["key"] in BY_KEY


def shows_outcome(contest: dict[str, Any], truth: Counter[str], ballots: int) -> bool:
    """Tell whether a snapshot shows of a contest exactly what its rule makes of the true counts."""
    shown = {one["key"]: one["count"] for one in contest["options"]}
    found = [shown, contest["winners"], contest["tied"], contest["blank"], contest["working"]]
    return found == compute(contest["key"], truth, ballots)


def compute(key: str, truth: Counter[str], ballots: int) -> list[Any]:
    """Return by option what is shown, who wins, who ties, the blank ballots, and the working."""
    from tabulation.contest import Contest

    contest = BY_KEY[key]
    counts = {name.partition(":")[2]: number for name, number in truth.items() if contest_of(name) == key}
    blank = counts.pop("-blank", 0)
    given = Contest(contest.options, contest.seats, contest.rules, ballots, blank)
    outcome = json.loads(importlib.import_module(f"tabulation.{contest.method}").tabulate(given, counts).to_json())
    shown = {one["key"]: one["count"] for one in outcome["standings"]}
    tied = [key for tie in outcome["ties"] for key in tie["keys"]]
    return [shown, outcome["winners"], tied, blank, outcome["working"]]
