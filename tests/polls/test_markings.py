"""Markings of whole papers: read from forms, and taken apart into what is counted."""

from dataclasses import replace

import pytest
from django.http import QueryDict

from polls.markings import InvalidPaper, count_keys, parse, refuse_unknown_fields, values_of
from polls.methods import InvalidMarking
from tests.conftest import contest

DRINK = contest()
SCORED = contest("q2", method="score")
RANKED = contest("q3", ("ana", "bea", "carlo"), method="schulze")


def form(text: str) -> QueryDict:
    return QueryDict(text)


class TestParse:
    def test_joins_the_parts_in_the_order_of_the_paper(self):
        sent = form("q3:ana=1&q3:bea=1&q3:carlo=2&q2:nesquik=3&q2:cola-cao=0&q1=cola-cao")
        assert parse(sent, (DRINK, SCORED, RANKED)) == "q1=cola-cao;q2=nesquik:3,cola-cao:0;q3=ana=bea>carlo"

    def test_takes_the_field_of_the_first_release_for_its_papers_alone(self):
        assert parse(form("choice=nesquik"), (DRINK,), first_release=True) == "q1=nesquik"
        with pytest.raises(InvalidPaper):
            parse(form("choice=nesquik"), (DRINK,))

    def test_names_each_contest_that_is_wrong(self):
        with pytest.raises(InvalidPaper) as problem:
            parse(form("q1=beer&q3:ana=1"), (DRINK, SCORED, RANKED))
        assert set(problem.value.errors) == {"q1", "q2"}
        assert problem.value.message == problem.value.errors["q1"]


class TestValuesOf:
    @pytest.mark.parametrize(
        ("sent", "first_release", "values"),
        [
            ("q1=nesquik&q1=&q1=cola-cao", False, ["nesquik", "cola-cao"]),
            ("choice=nesquik", False, []),
            ("choice=nesquik", True, ["nesquik"]),
            ("choice=nesquik&q1=cola-cao", True, ["cola-cao"]),
        ],
    )
    def test_are_those_of_its_field_without_empty_ones(self, sent, first_release, values):
        assert values_of(form(sent), DRINK, first_release=first_release) == values

    def test_are_of_this_release_unless_it_is_said(self):
        assert values_of(form("choice=nesquik"), DRINK) == []


class TestRefuseUnknownFields:
    def test_takes_fields_that_begin_with_a_contest_and_a_colon(self):
        refuse_unknown_fields(["q1", "q2:nesquik", "q2:"], (DRINK, SCORED))

    @pytest.mark.parametrize("name", ["q4", "q", "q1x", "xq1", "", ":q1", "q4:q1", "Q1"])
    def test_refuses_all_others(self, name):
        with pytest.raises(InvalidPaper) as problem:
            refuse_unknown_fields(["q1", name], (DRINK, SCORED))
        assert "not on this ballot" in str(problem.value.message)


class TestCountKeys:
    def test_have_their_contest_before_them(self):
        marking = "q1=nesquik;q2=nesquik:3,cola-cao:0"
        found = list(count_keys(marking, (DRINK, SCORED)))
        assert found[0] == "q1:nesquik"
        assert all(key.startswith("q2:") for key in found[1:])

    def test_of_equal_ranks_are_those_of_the_whole_ranking(self):
        equal = set(count_keys("q3=ana=bea>carlo", (RANKED,)))
        assert equal != set(count_keys("q3=bea>carlo", (RANKED,)))
        assert len({*equal, *count_keys("q3=ana>bea>carlo", (RANKED,))}) > len(equal)

    def test_of_a_blank_part_need_the_rule(self):
        may_be_blank = replace(DRINK, rules={"blank": True})
        assert list(count_keys("q1=", (may_be_blank,))) == ["q1:-blank"]
        with pytest.raises(InvalidMarking, match="Choose"):
            list(count_keys("q1=", (DRINK,)))
        with pytest.raises(InvalidMarking, match="Choose"):
            list(count_keys("q1", (may_be_blank,)))

    @pytest.mark.parametrize("marking", ["q2=nesquik", "q1=nesquik;q1=nesquik", "", "q1=nesquik;q2=nesquik:1"])
    def test_of_another_paper_are_refused(self, marking):
        with pytest.raises(InvalidMarking, match="once, in order"):
            list(count_keys(marking, (DRINK,)))

    def test_of_a_contest_for_groups_also_count_its_ballots(self):
        board = contest("q2", groups=("Board",))
        assert list(count_keys("q1=nesquik;q2=nesquik", (DRINK, board))) == ["q1:nesquik", "q2:-ballots", "q2:nesquik"]
        assert list(count_keys("q1=nesquik", (DRINK, board))) == ["q1:nesquik"]
