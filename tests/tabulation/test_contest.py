"""What a contest may be."""

from typing import Any

import pytest

from tabulation.contest import Contest, InvalidContest


class TestContest:
    def test_is_one_seat_without_rules_or_ballots_by_default(self):
        contest = Contest(("ant", "bee"))
        assert (contest.seats, contest.rules, contest.ballots, contest.blank) == (1, {}, 0, 0)
        assert contest.entitled is None

    def test_tells_marked_ballots_from_blank_ones(self):
        assert Contest(("ant",), ballots=5, blank=2).marked == 3

    def test_may_have_as_many_ballots_as_entitled_voters(self):
        assert Contest(("ant",), ballots=3, entitled=3).entitled == 3

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"options": ("ant", "bee", "ant")}, "twice among ant, bee, ant"),
            ({"options": ("ant", "-blank")}, "'-blank' is no key of an option"),
            ({"options": ("ant", "")}, "'' is no key of an option"),
            ({"seats": 0}, "0 seats"),
            ({"seats": True}, "True seats"),
            ({"seats": 1.0}, "1.0 seats"),
            ({"ballots": 3.0}, "whole numbers, not 3.0, 0 blank"),
            ({"ballots": 3, "blank": "1"}, "whole numbers, not 3, '1' blank"),
            ({"ballots": -1}, "0 of -1 ballots"),
            ({"ballots": 3, "blank": 4}, "4 of 3 ballots"),
            ({"ballots": 3, "blank": -1}, "-1 of 3 ballots"),
            ({"ballots": 3, "entitled": 2}, "2 entitled voters cannot cast 3"),
            ({"entitled": -1}, "-1 entitled"),
            ({"entitled": 2.5}, "2.5 entitled"),
        ],
    )
    def test_refuses_what_cannot_be(self, fields: dict[str, Any], message: str):
        with pytest.raises(InvalidContest, match=message):
            Contest(**{"options": ("ant", "bee")} | fields)

    def test_names_the_rules_that_a_method_does_not_know(self):
        contest = Contest(("ant",), rules={"quorum": 5, "majority": "simple"})
        contest.require_rules_among("majority", "quorum", "basis")
        with pytest.raises(InvalidContest, match="no rule quorum here; known are basis, majority"):
            contest.require_rules_among("majority", "basis")
        with pytest.raises(InvalidContest, match="no rule majority, quorum here; known are basis"):
            contest.require_rules_among("basis")
