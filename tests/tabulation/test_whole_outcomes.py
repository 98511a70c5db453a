"""Whole outcomes, word by word: what programs read of each rule, and what does not change without a new version."""

import json
from pathlib import Path

import pytest

from .rules import RULES

EXPECTED = json.loads(Path(__file__).with_name("whole_outcomes.json").read_text())

BALLOTS = {
    "plurality": [("ant", 4), ("bee", 3), ("cat", 1)],
    "approval": [(("ant", "bee"), 4), (("bee",), 2), (("cat",), 1)],
    "scores": [({"ant": 5, "bee": 3}, 3), ({"bee": 4, "cat": 5}, 2), ({"dog": 1, "ant": 0}, 1)],
    "rankings": [(("ant", "bee"), 5), (("bee", "ant", "cat"), 3), (("cat", "bee"), 2), (("dog",), 1)],
    "sets": [(("ant", "bee"), 4), (("ant", "cat"), 3), (("dog",), 3)],
}
KINDS = {
    "plurality": "plurality", "approval": "approval", "approval committee": "sets", "score": "scores", "star": "scores",
    "majority judgment": "scores",
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_is_as_it_was(rule):
    ballots = BALLOTS[KINDS.get(rule.name, "rankings")]
    seats = min(2, rule.most_seats)
    cast = sum(weight for _, weight in ballots) + 1
    outcome = rule.count(ballots, seats=seats, ballots=cast, blank=1, key="q1")
    assert json.loads(outcome.to_json()) == EXPECTED[rule.name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_says_that_none_of_the_above_has_won(rule):
    """The option that `none_of_the_above` names can win; its seat stays empty."""
    ballots = BALLOTS[KINDS.get(rule.name, "rankings")]
    outcome = rule.count(ballots, seats=min(2, rule.most_seats))
    nobody = outcome.winners[0]
    outcome = rule.count(ballots, seats=outcome.working["seats"], rules={**rule.rules, "none_of_the_above": nobody})
    assert nobody in outcome.winners
    assert (outcome.reason, outcome.decided) == ("none-of-the-above", True)
