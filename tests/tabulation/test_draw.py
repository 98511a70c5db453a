"""Draws: the same order for everybody who knows the secret, and none without one."""

import hashlib
import hmac
import json

from tabulation import irv, plurality, schulze
from tabulation.contest import Contest
from tabulation.draw import Lot, PublicLots, SecretDraw
from tabulation.ties import Tie

SECRET = "correct horse battery staple"


class TestSecretDraw:
    def test_is_what_its_document_says(self):
        def number(key):
            message = json.dumps(["q1", "irv", 2, ["ant", "bee", "cat"], key], separators=(",", ":"))
            return hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()

        order = SecretDraw(SECRET).order("q1", "irv", 2, ["cat", "ant", "bee"])
        assert list(order) == sorted(["ant", "bee", "cat"], key=number)

    def test_is_committed_to_by_the_hash_of_the_secret(self):
        assert SecretDraw(SECRET).commitment == hashlib.sha256(SECRET.encode()).hexdigest()

    def test_depends_on_contest_method_round_and_who_ties(self):
        keys = [f"o{number}" for number in range(8)]
        draw = SecretDraw(SECRET)
        orders = {
            draw.order("q1", "irv", 1, keys),
            draw.order("q2", "irv", 1, keys),
            draw.order("q1", "stv", 1, keys),
            draw.order("q1", "irv", 2, keys),
            SecretDraw("another").order("q1", "irv", 1, keys),
        }
        assert len(orders) == 5

    def test_does_not_depend_on_the_order_in_which_options_are_named(self):
        draw = SecretDraw(SECRET)
        assert draw.order("q1", "irv", 1, ["ant", "bee"]) == draw.order("q1", "irv", 1, ["bee", "ant"])

    def test_elects_the_first_and_is_written_down(self):
        contest = Contest(("ant", "bee", "cat"), ballots=4, key="q1", draw=SecretDraw(SECRET))
        outcome = plurality.tabulate(contest, {"ant": 2, "bee": 2})
        order = SecretDraw(SECRET).order("q1", "plurality", 1, ["ant", "bee"])
        assert outcome.winners == order[:1]
        assert outcome.working["draws"] == [{"round": 1, "order": list(order), "by": "secret"}]

    def test_is_not_asked_without_a_tie(self):
        outcome = plurality.tabulate(Contest(("ant", "bee"), ballots=3, draw=SecretDraw(SECRET)), {"ant": 2, "bee": 1})
        assert "draws" not in outcome.working

    def test_excludes_the_last(self):
        counts = {"ant": 3, "bee>cat": 2, "cat>bee": 2}
        contest = Contest(("ant", "bee", "cat"), ballots=7, key="q1", draw=SecretDraw(SECRET))
        outcome = irv.tabulate(contest, counts)
        order = SecretDraw(SECRET).order("q1", "irv", 1, ["bee", "cat"])
        assert outcome.working["rounds"][0]["excluded"] == [order[1]]
        assert outcome.winners == (order[0],)

    def test_is_that_of_the_method(self):
        contest = Contest(("ant", "bee", "cat", "dog"), ballots=2, key="q1", draw=SecretDraw(SECRET))
        outcome = schulze.tabulate(contest, {f"{first}>dog": 2 for first in ("ant", "bee", "cat")})
        assert outcome.winners == SecretDraw(SECRET).order("q1", "schulze", 1, ["ant", "bee", "cat"])[:1]


class TestPublicLots:
    LOTS = PublicLots({"q1": [Lot(1, ("bee", "ant"))]})

    def test_decide_the_tie_that_they_were_drawn_for(self):
        contest = Contest(("ant", "bee", "cat"), ballots=4, key="q1", draw=self.LOTS)
        outcome = plurality.tabulate(contest, {"ant": 2, "bee": 2})
        assert outcome.winners == ("bee",)
        assert outcome.working["draws"] == [{"round": 1, "order": ["bee", "ant"], "by": "lot"}]

    def test_leave_any_other_tie_open(self):
        for contest, counts in (
            (Contest(("ant", "bee", "cat"), ballots=6, key="q1", draw=self.LOTS), {"ant": 2, "bee": 2, "cat": 2}),
            (Contest(("ant", "bee", "cat"), ballots=4, key="q2", draw=self.LOTS), {"ant": 2, "bee": 2}),
        ):
            assert plurality.tabulate(contest, counts).reason == "tie"


class TestOpenTies:
    def test_of_very_many_ways_leave_all_tied_who_are_still_in_the_count(self):
        # Eight options with a vote each could leave in 40,320 orders.
        options = tuple(f"o{number}" for number in range(9))
        counts = dict.fromkeys(options[1:], 1) | {options[0]: 2}
        outcome = irv.tabulate(Contest(options, ballots=10), counts)
        assert (outcome.winners, outcome.ties) == ((), (Tie(options, 1),))
        assert outcome.working["tie"] == {"round": 1, "keys": list(options[1:])}

    def test_of_a_few_ways_are_counted_through(self):
        options = tuple(f"o{number}" for number in range(5))
        counts = dict.fromkeys(options[1:], 1) | {options[0]: 2}
        outcome = irv.tabulate(Contest(options, ballots=6), counts)
        assert outcome.winners == ("o0",)
        assert [tie["round"] for tie in outcome.working["ties_without_effect"]] == [1, 2, 3]
