"""Plurality and approval: who wins, who ties, and what may not make a difference."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import approval, plurality
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.ties import Tie

from .papers import OPTIONS, Paper, count, papers

each_rule = pytest.mark.parametrize("rule", [plurality, approval], ids=lambda rule: rule.NAME)
SEATS = st.integers(1, 7)


def ballots_for(rule: ModuleType) -> st.SearchStrategy[list[Paper]]:
    return papers(choices=1 if rule is plurality else len(OPTIONS))


@each_rule
class TestWinners:
    @pytest.mark.parametrize(
        ("counts", "seats", "winners", "ties", "reason"),
        [
            ({"ant": 3, "bee": 2}, 1, ("ant",), (), "elected"),
            ({"ant": 2, "bee": 3}, 2, ("bee", "ant"), (), "elected"),
            ({"ant": 2, "bee": 2, "cat": 1}, 2, ("ant", "bee"), (), "elected"),
            ({"ant": 2, "bee": 2}, 1, (), (Tie(("ant", "bee"), 1),), "tie"),
            ({"ant": 1, "bee": 3, "cat": 1}, 2, ("bee",), (Tie(("ant", "cat"), 1),), "tie"),
            ({"ant": 1, "bee": 1, "cat": 1}, 2, (), (Tie(("ant", "bee", "cat"), 2),), "tie"),
            ({"ant": 1, "bee": 1, "cat": 1}, 3, ("ant", "bee", "cat"), (), "elected"),
            ({"bee": 4}, 2, ("bee",), (), "seats-left"),
            ({"ant": 2, "bee": 1, "cat": 1}, 9, ("ant", "bee", "cat"), (), "seats-left"),
            ({}, 1, (), (), "no-votes"),
            ({"ant": 0, "bee": 0}, 2, (), (), "no-votes"),
        ],
    )
    def test_are_those_with_most_votes(self, rule, counts, seats, winners, ties, reason):
        contest = Contest(("ant", "bee", "cat"), seats=seats, ballots=sum(counts.values()))
        outcome = rule.tabulate(contest, counts)
        assert (outcome.winners, outcome.ties, outcome.reason) == (winners, ties, reason)
        assert outcome.decided is (reason in ("elected", "seats-left"))

    def test_are_named_with_the_rule(self, rule):
        outcome = rule.tabulate(Contest(("ant",)), {})
        assert (outcome.method, outcome.version) == (rule.NAME, 1)

    def test_may_be_the_only_option(self, rule):
        assert rule.tabulate(Contest(("ant",), ballots=1), {"ant": 1}).winners == ("ant",)

    @pytest.mark.parametrize("votes", [1, 10**18])
    def test_tie_when_all_are_equal(self, rule, votes):
        contest = Contest(OPTIONS, seats=3, ballots=votes * len(OPTIONS))
        outcome = rule.tabulate(contest, dict.fromkeys(OPTIONS, votes))
        assert (outcome.winners, outcome.ties) == ((), (Tie(OPTIONS, 3),))

    def test_need_just_one_vote_more_however_many_there_are(self, rule):
        many = 10**18
        outcome = rule.tabulate(Contest(("ant", "bee"), ballots=2 * many + 1), {"ant": many, "bee": many + 1})
        assert outcome.winners == ("bee",)
        assert [one.permille for one in outcome.standings] == [500, 500]

    def test_do_not_exist_without_options(self, rule):
        assert rule.tabulate(Contest((), ballots=3, blank=3), {}).reason == "no-votes"


@each_rule
class TestStandings:
    def test_are_in_ballot_order_and_shares_of_all_ballots(self, rule):
        outcome = rule.tabulate(Contest(("ant", "bee", "cat"), ballots=80, blank=10), {"bee": 41, "ant": 29})
        assert [(one.key, one.count, one.permille) for one in outcome.standings] == [
            ("ant", 29, 363),
            ("bee", 41, 513),
            ("cat", 0, 0),
        ]
        assert outcome.base == 80

    def test_have_their_working(self, rule):
        outcome = rule.tabulate(Contest(("ant", "bee", "cat"), seats=2, ballots=7, blank=1), {"bee": 3, "ant": 3})
        assert outcome.working == {
            "ballots": 7,
            "blank": 1,
            "seats": 2,
            "ranking": [{"votes": 3, "keys": ["ant", "bee"]}],
        }


@each_rule
class TestNoneOfTheAbove:
    @pytest.mark.parametrize(
        ("counts", "seats", "winners", "reason"),
        [
            ({"ant": 1, "none": 2}, 1, ("none",), "none-of-the-above"),
            ({"ant": 2, "none": 1}, 1, ("ant",), "elected"),
            ({"ant": 3, "none": 2, "bee": 1}, 2, ("ant", "none"), "none-of-the-above"),
            ({"ant": 3, "none": 1, "bee": 2}, 2, ("ant", "bee"), "elected"),
            ({"none": 1}, 2, ("none",), "none-of-the-above"),
            ({"ant": 1, "none": 1}, 1, (), "tie"),
        ],
    )
    def test_is_an_option_that_can_win(self, rule, counts, seats, winners, reason):
        rules = {"none_of_the_above": "none"}
        contest = Contest(("ant", "bee", "none"), seats=seats, rules=rules, ballots=sum(counts.values()))
        outcome = rule.tabulate(contest, counts)
        assert (outcome.winners, outcome.reason, outcome.decided) == (winners, reason, reason != "tie")

    @pytest.mark.parametrize("key", ["nobody", "", 3, ["ant"]])
    def test_has_to_be_an_option(self, rule, key):
        with pytest.raises(InvalidContest, match=r"none_of_the_above is .*, which is no option"):
            rule.check_rules(Contest(("ant", "bee"), rules={"none_of_the_above": key}))


@each_rule
class TestRules:
    def test_that_the_method_does_not_know_are_refused(self, rule):
        contest = Contest(("ant", "bee"), rules={"quorum": 3})
        with pytest.raises(InvalidContest, match="no rule quorum"):
            rule.check_rules(contest)
        with pytest.raises(InvalidContest, match="no rule quorum"):
            rule.tabulate(contest, {})


class TestChoices:
    CONTEST, COUNTS = Contest(("ant", "bee"), ballots=4), {"ant": 4, "bee": 2}

    def test_of_plurality_are_one_on_each_ballot(self):
        with pytest.raises(InvalidCounts, match="4 marked ballots of 1 choices cannot give 6 votes"):
            plurality.tabulate(self.CONTEST, self.COUNTS)

    def test_of_approval_may_be_several_so_that_shares_make_up_more_than_all(self):
        outcome = approval.tabulate(self.CONTEST, self.COUNTS)
        assert [one.permille for one in outcome.standings] == [1000, 500]


class TestMaxChoices:
    @pytest.mark.parametrize("most", [None, 1, 2, 99])
    def test_is_a_number_or_no_limit(self, most):
        approval.check_rules(Contest(("ant", "bee"), rules={"max_choices": most}))

    @pytest.mark.parametrize("most", [0, -1, "2", True, 2.0])
    def test_is_refused_where_it_is_no_number_of_choices(self, most):
        with pytest.raises(InvalidContest, match=r"max_choices is .*, and has to be a whole number"):
            approval.check_rules(Contest(("ant", "bee"), rules={"max_choices": most}))

    def test_bounds_the_votes_that_the_ballots_can_give(self):
        contest = Contest(("ant", "bee", "cat"), rules={"max_choices": 2}, ballots=2)
        assert approval.tabulate(contest, {"ant": 2, "bee": 1, "cat": 1}).winners == ("ant",)
        with pytest.raises(InvalidCounts, match="2 marked ballots of 2 choices cannot give 5 votes"):
            approval.tabulate(contest, {"ant": 2, "bee": 2, "cat": 1})


@each_rule
class TestProperties:
    @given(data=st.data(), seats=SEATS)
    def test_the_order_of_ballots_does_not_matter(self, rule, data, seats):
        ballots = data.draw(ballots_for(rule))
        mixed = data.draw(st.permutations(ballots))
        assert rule.tabulate(*count(mixed, seats=seats)) == rule.tabulate(*count(ballots, seats=seats))

    @given(data=st.data(), seats=SEATS)
    def test_a_weight_is_so_many_equal_ballots(self, rule, data, seats):
        ballots = data.draw(ballots_for(rule))
        copies = [Paper(ballot.marks) for ballot in ballots for _ in range(ballot.weight)]
        assert rule.tabulate(*count(copies, seats=seats)) == rule.tabulate(*count(ballots, seats=seats))

    @given(data=st.data(), seats=SEATS)
    def test_the_names_of_options_do_not_matter(self, rule, data, seats):
        ballots = data.draw(ballots_for(rule))
        names = dict(zip(OPTIONS, data.draw(st.permutations(OPTIONS)), strict=True))
        renamed = [Paper(tuple(names[key] for key in ballot.marks), ballot.weight) for ballot in ballots]
        before = rule.tabulate(*count(ballots, seats=seats))
        after = rule.tabulate(*count(renamed, options=tuple(names.values()), seats=seats))
        assert after.winners == tuple(names[key] for key in before.winners)
        assert [tuple(names[key] for key in tie.keys) for tie in before.ties] == [tie.keys for tie in after.ties]
        assert [one.permille for one in after.standings] == [one.permille for one in before.standings]

    @given(data=st.data(), seats=SEATS)
    def test_one_more_vote_never_takes_a_seat(self, rule, data, seats):
        ballots = data.draw(ballots_for(rule))
        favoured = data.draw(st.sampled_from(OPTIONS))
        before = rule.tabulate(*count(ballots, seats=seats))
        after = rule.tabulate(*count([*ballots, Paper((favoured,))], seats=seats))
        if favoured in before.winners or any(favoured in tie.keys for tie in before.ties):
            assert favoured in after.winners

    @given(data=st.data(), seats=SEATS)
    def test_a_blank_ballot_changes_no_winner(self, rule, data, seats):
        ballots = data.draw(ballots_for(rule))
        before = rule.tabulate(*count(ballots, seats=seats))
        after = rule.tabulate(*count([*ballots, Paper(())], seats=seats))
        assert (after.winners, after.ties, after.reason) == (before.winners, before.ties, before.reason)
