"""What has to hold of each rule, whatever its ballots."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.draw import SecretDraw
from tabulation.outcome import Outcome

from .rules import OPTIONS, RULES, Rule

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def ballots_for(rule: Rule) -> st.SearchStrategy[list[tuple[Any, int]]]:
    return st.lists(st.tuples(rule.ballots, st.integers(1, 4)), max_size=12)


def rename(ballot: Any, names: Mapping[str, str]) -> Any:
    if isinstance(ballot, str):
        return names[ballot]
    if isinstance(ballot, dict):
        return {names[key]: number for key, number in ballot.items()}
    return tuple(names[key] for key in ballot)


@each_rule
class TestBallots:
    @given(data=st.data())
    @settings(max_examples=20)
    def test_may_come_in_any_order(self, rule, data):
        seats = data.draw(st.integers(1, rule.most_seats))
        ballots = data.draw(ballots_for(rule))
        mixed = data.draw(st.permutations(ballots))
        assert rule.count(mixed, seats=seats).to_json() == rule.count(ballots, seats=seats).to_json()

    @given(data=st.data())
    @settings(max_examples=20)
    def test_of_a_weight_are_so_many_equal_ones(self, rule, data):
        seats = data.draw(st.integers(1, rule.most_seats))
        ballots = data.draw(ballots_for(rule))
        copies = [(ballot, 1) for ballot, weight in ballots for _ in range(weight)]
        assert rule.count(copies, seats=seats) == rule.count(ballots, seats=seats)

    @given(data=st.data())
    @settings(max_examples=20)
    def test_do_not_depend_on_the_names_of_options(self, rule, data):
        seats = data.draw(st.integers(1, rule.most_seats))
        ballots = data.draw(ballots_for(rule))
        names = dict(zip(OPTIONS, data.draw(st.permutations(OPTIONS)), strict=True))
        before = rule.count(ballots, seats=seats)
        # Ballot order stays: the first option is the one that was first.
        after = rule.count(
            [(rename(ballot, names), weight) for ballot, weight in ballots],
            options=[names[key] for key in OPTIONS],
            seats=seats,
        )
        assert set(after.winners) == {names[key] for key in before.winners}
        assert [{names[key] for key in tie.keys} for tie in before.ties] == [set(tie.keys) for tie in after.ties]

    @given(data=st.data())
    @settings(max_examples=20)
    def test_left_blank_change_nothing(self, rule, data):
        seats = data.draw(st.integers(1, rule.most_seats))
        ballots = data.draw(ballots_for(rule))
        cast = sum(weight for _, weight in ballots)
        before = rule.count(ballots, seats=seats)
        after = rule.count(ballots, seats=seats, ballots=cast + 3, blank=3)
        assert (after.winners, after.ties, after.reason) == (before.winners, before.ties, before.reason)


@each_rule
class TestOutcomes:
    @given(data=st.data())
    @settings(max_examples=20)
    def test_fill_the_seats_or_say_why_not(self, rule, data):
        seats = data.draw(st.integers(1, rule.most_seats))
        outcome = rule.count(data.draw(ballots_for(rule)), seats=seats)
        filled = len(outcome.winners) + sum(tie.seats for tie in outcome.ties)
        assert len(set(outcome.winners)) == len(outcome.winners) <= seats
        assert filled == seats or outcome.reason in ("seats-left", "no-votes")
        for tie in outcome.ties:
            assert 0 < tie.seats < len(tie.keys)
            assert not set(tie.keys) & set(outcome.winners)

    @given(data=st.data(), secret=st.text(st.characters(codec="ascii"), min_size=1))
    @settings(max_examples=20)
    def test_have_no_tie_with_a_draw_which_elects_among_those_that_tied(self, rule, data, secret):
        seats = data.draw(st.integers(1, rule.most_seats))
        ballots = data.draw(ballots_for(rule))
        without = rule.count(ballots, seats=seats)
        drawn = rule.count(ballots, seats=seats, draw=SecretDraw(secret), key="q1")
        assert not drawn.ties
        assert set(without.winners) <= set(drawn.winners)
        assert set(drawn.winners) <= {*without.winners, *(key for tie in without.ties for key in tie.keys)}
        if without.ties:
            assert drawn.working["draws"]

    @given(data=st.data())
    @settings(max_examples=10)
    def test_are_read_as_they_were_written(self, rule, data):
        outcome = rule.count(data.draw(ballots_for(rule)))
        assert Outcome.from_json(outcome.to_json()) == outcome

    def test_without_ballots_have_no_winner(self, rule):
        outcome = rule.count([])
        assert (outcome.winners, outcome.ties, outcome.reason) == ((), (), "no-votes")

    def test_of_blank_ballots_alone_have_no_winner(self, rule):
        outcome = rule.count([], ballots=5, blank=5)
        assert (outcome.winners, outcome.ties, outcome.reason) == ((), (), "no-votes")


@each_rule
class TestInput:
    @pytest.mark.parametrize(
        "key", ["", "emu", "ant:6", "ant:-1", "ant:x", "ant>ant", "ant>emu", "ant,,bee", ":1", "ant:01"]
    )
    def test_with_a_key_that_no_ballot_adds_is_refused(self, rule, key):
        contest = Contest(OPTIONS, rules=rule.rules, ballots=3)
        with pytest.raises(InvalidCounts):
            rule.module.tabulate(contest, {key: 1})

    @pytest.mark.parametrize("number", [-1, 1.0, True, None, "1", 4])
    def test_with_a_count_that_the_ballots_cannot_give_is_refused(self, rule, number):
        [key, *_] = rule.count_keys(_first_ballot(rule))
        with pytest.raises(InvalidCounts):
            rule.module.tabulate(Contest(OPTIONS, rules=rule.rules, ballots=3), {key: number})

    def test_with_a_rule_that_it_does_not_know_is_refused(self, rule):
        with pytest.raises(InvalidContest, match="no rule quorum"):
            rule.module.check_rules(Contest(OPTIONS, rules={"quorum": 3}))

    def test_may_have_one_option_alone(self, rule):
        ballot = _first_ballot(rule)
        counts = {key: 2 for key in rule.count_keys(ballot) if ">" not in key}
        assert rule.module.tabulate(Contest(("ant",), rules=rule.rules, ballots=2), counts).decided or not counts


def _first_ballot(rule: Rule) -> Any:
    """Return a ballot that has the first option alone, or above all others."""
    return {"score": {"ant": 3}, "star": {"ant": 3}, "majority judgment": {"ant": 3}, "plurality": "ant"}.get(
        rule.name, ("ant",)
    )
