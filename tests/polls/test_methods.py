"""The voting methods, without a database."""

import pytest
from django.http import QueryDict

from polls import methods
from polls.methods import BallotPaper, InvalidMarking, OptionOnBallot

PAPER = BallotPaper(tuple(OptionOnBallot(key, key.title()) for key in ("ant", "bee", "cat")))


def parse(method: str, form: str, paper: BallotPaper = PAPER) -> str:
    return methods.get(method).parse(QueryDict(form), paper)


class TestPlurality:
    def test_takes_one_choice(self):
        assert parse("plurality", "choice=bee") == "bee"

    @pytest.mark.parametrize(
        "form", ["", "choice=", "choice=dog", "choice=ant&choice=bee", "choice=ant&choice=ant", "x=1"]
    )
    def test_refuses_anything_else_with_a_sentence(self, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse("plurality", form)

    def test_names_the_winner_and_the_shares(self):
        result = methods.get("plurality").result({"ant": 3, "bee": 1}, 4, PAPER)
        assert [(one.key, one.count, one.share) for one in result.options] == [
            ("ant", 3, 0.75),
            ("bee", 1, 0.25),
            ("cat", 0, 0),
        ]
        assert result.winners == ["ant"]

    def test_names_all_on_a_tie_and_nobody_without_votes(self):
        assert methods.get("plurality").result({"ant": 2, "cat": 2}, 4, PAPER).winners == ["ant", "cat"]
        assert methods.get("plurality").result({}, 0, PAPER).winners == []


class TestApproval:
    def test_writes_equal_ballots_as_equal_text(self):
        assert parse("approval", "choice=cat&choice=ant") == parse("approval", "choice=ant&choice=cat") == "ant,cat"

    @pytest.mark.parametrize(
        "form", ["", "choice=", "choice=dog", "choice=ant&choice=dog", "choice=ant&choice=ant", "choice=ant,bee"]
    )
    def test_refuses_what_is_no_ballot(self, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse("approval", form)

    def test_refuses_more_choices_than_the_rules_allow(self):
        paper = BallotPaper(PAPER.options, max_choices=2)
        assert parse("approval", "choice=ant&choice=bee", paper) == "ant,bee"
        with pytest.raises(InvalidMarking, match="At most 2"):
            parse("approval", "choice=ant&choice=bee&choice=cat", paper)

    def test_counts_each_approved_option(self):
        assert list(methods.get("approval").count_keys("ant,cat", PAPER)) == ["ant", "cat"]

    @pytest.mark.parametrize("marking", ["", "cat,ant", "ant,ant", "ant,", "dog"])
    def test_counts_no_marking_that_is_not_canonical(self, marking):
        with pytest.raises(InvalidMarking):
            methods.get("approval").count_keys(marking, PAPER)

    def test_takes_shares_of_the_ballots_not_of_the_approvals(self):
        result = methods.get("approval").result({"ant": 4, "bee": 2}, 4, PAPER)
        assert [one.share for one in result.options] == [1.0, 0.5, 0.0]


def test_an_unknown_method_is_named():
    with pytest.raises(KeyError, match="condorcet"):
        methods.get("condorcet")
