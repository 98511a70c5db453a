"""Committees by approval."""

import pytest
from django.http import QueryDict

from polls import markings, methods
from polls.methods import InvalidMarking, InvalidRules
from tabulation.contest import Contest

from .marks import ask, count_keys

BOARD = ask("approval-committee", ("mia", "ana", "leo"), seats=2, rules={"max_choices": 2})


class TestApprovalCommittee:
    def test_is_marked_like_an_approval_contest(self):
        assert markings.parse(QueryDict("q1=mia&q1=ana"), [BOARD]) == "q1=ana,mia"
        with pytest.raises(InvalidMarking, match="At most 2 options"):
            markings.parse(QueryDict("q1=mia&q1=ana&q1=leo"), [BOARD])

    def test_counts_whole_sets_in_ballot_order(self):
        assert count_keys(BOARD, "ana,mia") == ["mia,ana"]

    @pytest.mark.parametrize("marking", ["mia,ana", "ana,ana", "tom", "ana,leo,mia"])
    def test_counts_no_marking_that_is_not_canonical(self, marking):
        with pytest.raises(InvalidMarking):
            count_keys(BOARD, marking)

    def test_gives_seats_in_proportion(self):
        given = Contest(BOARD.keys, 2, {"max_choices": 2}, ballots=9)
        # After mia's seat a half of 4 ballots is left for ana, which is less than leo's 3.
        outcome = methods.get("approval-committee").tabulate(given, {"mia": 2, "mia,ana": 4, "leo": 3})
        assert outcome.winners == ("mia", "leo")

    def test_takes_no_paper_whose_longest_set_could_not_be_counted(self):
        options = tuple(f"{number:03d}" + "x" * 33 for number in range(100))
        check = methods.get("approval-committee").check
        with pytest.raises(InvalidRules, match="too long to be counted"):
            check(ask("approval-committee", options))
        check(ask("approval-committee", options, rules={"max_choices": 64}))
