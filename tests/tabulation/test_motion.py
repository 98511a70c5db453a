"""Motions: majorities, bases and quorums, on whole numbers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import motion
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.outcome import Outcome

OPTIONS = ("yes", "no", "abstain")
VOTES = st.one_of(st.integers(0, 12), st.integers(0, 10**18))


def decide(
    yes: int = 0,
    no: int = 0,
    abstain: int = 0,
    *,
    blank: int = 0,
    entitled: int | None = None,
    **rules: Any,
) -> Outcome:
    ballots = yes + no + abstain + blank
    contest = Contest(OPTIONS, rules=rules, ballots=ballots, blank=blank, entitled=entitled)
    return motion.tabulate(contest, {"yes": yes, "no": no, "abstain": abstain})


class TestMajority:
    @pytest.mark.parametrize(
        ("majority", "basis", "votes", "carried"),
        [
            # More yes than no, whatever the others do.
            ("simple", "cast", (2, 1, 90), True),
            ("simple", "cast", (1, 1, 0), False),
            ("simple", "cast", (0, 0, 9), False),
            # More than half: half is not enough, and with an odd base there is no half.
            ("absolute", "cast", (3, 2, 90), True),
            ("absolute", "cast", (2, 2, 0), False),
            ("absolute", "ballots", (50, 10, 40), False),
            ("absolute", "ballots", (51, 10, 39), True),
            ("absolute", "ballots", (50, 0, 49), True),
            # Two thirds and three quarters: exactly that is enough.
            ("two-thirds", "cast", (2, 1, 90), True),
            ("two-thirds", "cast", (66, 34, 0), False),
            ("two-thirds", "cast", (67, 33, 0), True),
            ("two-thirds", "ballots", (66, 0, 33), True),
            ("two-thirds", "ballots", (66, 0, 34), False),
            ("three-quarters", "cast", (3, 1, 90), True),
            ("three-quarters", "cast", (74, 26, 0), False),
            ("three-quarters", "ballots", (75, 0, 25), True),
            ("three-quarters", "ballots", (75, 0, 26), False),
            # The only voter decides alone.
            ("two-thirds", "cast", (1, 0, 3), True),
            ("three-quarters", "cast", (1, 0, 3), True),
            # Nobody's yes carries nothing.
            ("absolute", "cast", (0, 0, 5), False),
            ("two-thirds", "cast", (0, 0, 5), False),
            ("three-quarters", "cast", (0, 0, 0), False),
            # One vote decides where a float could not tell it.
            ("two-thirds", "cast", (2 * 10**18, 10**18, 0), True),
            ("two-thirds", "cast", (2 * 10**18 - 1, 10**18 + 1, 0), False),
            ("absolute", "cast", (10**18, 10**18, 0), False),
            ("absolute", "cast", (10**18 + 1, 10**18, 0), True),
        ],
    )
    def test_of_what_is_cast(self, majority, basis, votes, carried):
        outcome = decide(*votes, majority=majority, basis=basis)
        assert (outcome.reason, outcome.decided) == ("carried" if carried else "not-carried", True)
        assert outcome.winners == (("yes",) if carried else ())

    @pytest.mark.parametrize(
        ("majority", "yes", "carried"),
        [
            ("absolute", 50, False),
            ("absolute", 51, True),
            ("two-thirds", 66, False),
            ("two-thirds", 67, True),
            ("three-quarters", 74, False),
            ("three-quarters", 75, True),
        ],
    )
    def test_of_those_entitled(self, majority, yes, carried):
        outcome = decide(yes, majority=majority, basis="entitled", entitled=100)
        assert outcome.reason == ("carried" if carried else "not-carried")

    def test_counts_blank_ballots_only_where_the_basis_is_all_ballots(self):
        assert decide(2, 1, blank=3, majority="two-thirds").reason == "carried"
        assert decide(2, 1, blank=3, majority="absolute", basis="ballots").reason == "not-carried"

    @given(VOTES, VOTES, VOTES, st.integers(0, 12))
    def test_holds_exactly_where_its_inequality_does(self, yes, no, abstain, blank):
        ballots = yes + no + abstain + blank
        bases = {"cast": yes + no, "ballots": ballots, "entitled": ballots + 7}
        for basis, base in bases.items():
            inequalities = {
                "absolute": 2 * yes > base,
                "two-thirds": yes > 0 and 3 * yes >= 2 * base,
                "three-quarters": yes > 0 and 4 * yes >= 3 * base,
            }
            for majority, holds in inequalities.items():
                rules = {"majority": majority, "basis": basis, "entitled": ballots + 7}
                assert (decide(yes, no, abstain, blank=blank, **rules).reason == "carried") is holds
        assert (decide(yes, no, abstain, blank=blank).reason == "carried") is (yes > no)


class TestQuorum:
    @pytest.mark.parametrize(
        ("quorum", "votes", "blank", "entitled", "reason"),
        [
            (10, (5, 4, 0), 0, None, "no-quorum"),
            (10, (5, 4, 1), 0, None, "carried"),
            (10, (5, 4, 0), 1, None, "carried"),
            (10, (0, 0, 10), 0, None, "not-carried"),
            ("1/3", (20, 13, 0), 0, 100, "no-quorum"),
            ("1/3", (20, 13, 0), 0, 99, "carried"),
            ("1/3", (20, 13, 0), 1, 100, "carried"),
            ("1/1", (9, 0, 0), 0, 10, "no-quorum"),
            ("1/1", (10, 0, 0), 0, 10, "carried"),
            ("1/2", (0, 0, 0), 0, 0, "not-carried"),
            ("1/3", (20, 13, 0), 0, None, "entitled-unknown"),
        ],
    )
    def test_is_a_number_of_ballots_or_a_part_of_those_entitled(self, quorum, votes, blank, entitled, reason):
        outcome = decide(*votes, blank=blank, entitled=entitled, quorum=quorum)
        assert (outcome.reason, outcome.decided) == (reason, reason in ("carried", "not-carried"))
        assert outcome.winners == (("yes",) if reason == "carried" else ())

    @given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 10**18), st.integers(0, 10**18))
    def test_is_reached_exactly_where_the_part_is(self, numerator, more, ballots, absent):
        denominator, entitled = numerator + more, ballots + absent
        outcome = decide(ballots, entitled=entitled, quorum=f"{numerator}/{denominator}")
        assert outcome.working["quorum_reached"] is (denominator * ballots >= numerator * entitled)

    def test_that_is_missed_decides_though_nobody_knows_how_many_are_entitled(self):
        rules = {"majority": "absolute", "basis": "entitled", "quorum": 10}
        assert decide(9, **rules).reason == "no-quorum"
        assert decide(10, **rules).reason == "entitled-unknown"


class TestWorking:
    def test_shows_votes_base_and_what_was_needed(self):
        outcome = decide(20, 12, 8, blank=1, entitled=90, majority="absolute", basis="ballots", quorum="1/3")
        assert outcome.working == {
            "yes": 20,
            "no": 12,
            "abstain": 8,
            "blank": 1,
            "ballots": 41,
            "entitled": 90,
            "majority": "absolute",
            "basis": "ballots",
            "base": 41,
            "needed": 21,
            "quorum": 30,
            "quorum_reached": True,
        }

    def test_says_what_is_not_known(self):
        outcome = decide(2, 1, majority="absolute", basis="entitled", quorum="1/2")
        working = outcome.working
        assert [working[name] for name in ("base", "needed", "quorum", "quorum_reached")] == [None] * 4
        assert [one.permille for one in outcome.standings] == [None] * 3

    def test_needs_no_quorum_where_the_rules_have_none(self):
        assert decide(0).working["quorum_reached"] is True

    @pytest.mark.parametrize(
        ("rules", "shares"),
        [
            ({}, [600, 400, None]),
            ({"majority": "absolute", "basis": "ballots"}, [300, 200, 400]),
            ({"majority": "absolute", "basis": "entitled"}, [150, 100, 200]),
        ],
    )
    def test_has_shares_of_the_base_and_none_for_what_is_outside_it(self, rules, shares):
        outcome = decide(3, 2, 4, blank=1, entitled=20, **rules)
        assert [one.permille for one in outcome.standings] == shares


class TestRules:
    def test_name_the_options_where_their_keys_are_other_words(self):
        rules = {"yes": "si", "abstain": "abstencion"}
        contest = Contest(("abstencion", "no", "si"), rules=rules, ballots=3)
        outcome = motion.tabulate(contest, {"si": 2, "no": 1})
        assert (outcome.reason, outcome.winners) == ("carried", ("si",))
        assert [one.key for one in outcome.standings] == ["abstencion", "no", "si"]

    def test_need_no_option_to_abstain(self):
        outcome = motion.tabulate(Contest(("yes", "no"), ballots=3, blank=1), {"yes": 2})
        assert (outcome.reason, outcome.working["abstain"]) == ("carried", None)

    @pytest.mark.parametrize(
        ("rules", "message"),
        [
            ({"majority": "half"}, "majority is 'half', and has to be one of simple, absolute"),
            ({"majority": 2}, "majority is 2, and has to be a text"),
            ({"basis": "present"}, "basis is 'present', and has to be one of cast, ballots, entitled"),
            ({"basis": "ballots"}, "a simple majority compares yes and no: for more than half of ballots say absolute"),
            ({"quorum": 0}, "quorum is 0"),
            ({"quorum": -3}, "quorum is -3"),
            ({"quorum": 2.5}, "quorum is 2.5"),
            ({"quorum": True}, "quorum is True"),
            ({"quorum": "3/2"}, "quorum is '3/2'"),
            ({"quorum": "1/0"}, "quorum is '1/0'"),
            ({"quorum": "0/1"}, "quorum is '0/1'"),
            ({"quorum": "0.5"}, "quorum is '0.5'"),
            ({"quorum": "1/3\n"}, "quorum is '1/3"),
            ({"quorum": "١/٣"}, "quorum is '١/٣'"),
            ({"quorum": [1, 3]}, r"quorum is \[1, 3\]"),
            ({"yes": 1}, "yes is 1, and has to be a text"),
            ({"yes": "si"}, "the options of a motion are si, no and perhaps abstain"),
            ({"yes": "no"}, "the options of a motion are no, no and perhaps abstain"),
            ({"abstain": "yes"}, "the options of a motion are yes, no and perhaps yes"),
            ({"none_of_the_above": "no"}, "no rule none_of_the_above here"),
        ],
    )
    def test_that_say_nothing_are_refused(self, rules, message):
        contest = Contest(OPTIONS, rules=rules)
        with pytest.raises(InvalidContest, match=message):
            motion.check_rules(contest)
        with pytest.raises(InvalidContest, match=message):
            motion.tabulate(contest, {})

    @pytest.mark.parametrize("options", [("yes",), ("yes", "abstain"), ("yes", "no", "maybe"), (*OPTIONS, "maybe"), ()])
    def test_are_for_yes_and_no(self, options):
        with pytest.raises(InvalidContest, match="the options of a motion are yes, no and perhaps abstain"):
            motion.check_rules(Contest(options))

    def test_are_for_one_seat(self):
        with pytest.raises(InvalidContest, match="cannot have 2 seats"):
            motion.check_rules(Contest(OPTIONS, seats=2))

    def test_let_nobody_vote_twice(self):
        with pytest.raises(InvalidCounts, match="cannot give 4 votes"):
            motion.tabulate(Contest(OPTIONS, ballots=3), {"yes": 2, "no": 2})


@pytest.mark.parametrize("rules", [{}, {"majority": "absolute"}, {"majority": "two-thirds"}], ids=str)
@pytest.mark.parametrize("basis", ["cast", "ballots", "entitled"])
class TestProperties:
    @given(yes=VOTES, no=VOTES, abstain=VOTES, more=st.integers(1, 9))
    def test_a_yes_more_never_loses_a_motion(self, rules, basis, yes, no, abstain, more):
        rules = rules | {"basis": basis if rules else "cast", "quorum": 6, "entitled": 4 * 10**18}
        if decide(yes, no, abstain, **rules).reason == "carried":
            assert decide(yes + more, no, abstain, **rules).reason == "carried"

    @given(yes=VOTES, no=VOTES, abstain=VOTES, weight=st.integers(1, 9))
    def test_a_weight_for_all_changes_nothing(self, rules, basis, yes, no, abstain, weight):
        rules = rules | {"basis": basis if rules else "cast", "quorum": "1/3"}
        entitled = yes + no + abstain + 5
        once = decide(yes, no, abstain, entitled=entitled, **rules)
        often = decide(weight * yes, weight * no, weight * abstain, entitled=weight * entitled, **rules)
        assert (often.reason, often.winners) == (once.reason, once.winners)

    @given(yes=VOTES, no=VOTES, abstain=VOTES, turn=st.permutations(OPTIONS))
    def test_neither_order_nor_names_of_options_matter(self, rules, basis, yes, no, abstain, turn):
        rules = rules | {"basis": basis if rules else "cast"}
        counts = {"yes": yes, "no": no, "abstain": abstain}
        names = {"yes": "ja", "no": "nein", "abstain": "enthaltung"}
        ballots = yes + no + abstain
        once = motion.tabulate(Contest(OPTIONS, rules=rules, ballots=ballots, entitled=ballots), counts)
        contest = Contest(tuple(names[key] for key in turn), rules=rules | names, ballots=ballots, entitled=ballots)
        again = motion.tabulate(contest, {names[key]: counts[key] for key in turn})
        assert (again.reason, again.working) == (once.reason, once.working)

    @given(yes=VOTES, no=VOTES, abstain=VOTES)
    def test_abstentions_have_no_effect_on_what_is_cast(self, rules, basis, yes, no, abstain):
        assert decide(yes, no, abstain, **rules).reason == decide(yes, no, **rules).reason
