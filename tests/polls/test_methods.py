"""The voting methods, without a database."""

import pytest
from django.http import QueryDict

from polls import methods
from polls.methods import BallotPaper, InvalidMarking, OptionOnBallot, Result
from tabulation import motion
from tabulation.contest import Contest

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
        result = methods.get("plurality").result({"ant": 41, "bee": 39}, 80, PAPER)
        assert [(one.key, one.label, one.count, one.share, one.permille) for one in result.options] == [
            ("ant", "Ant", 41, 0.5125, 513),
            ("bee", "Bee", 39, 0.4875, 488),
            ("cat", "Cat", 0, 0.0, 0),
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


class TestResult:
    def test_keeps_the_exact_share_where_the_figure_is_never_all(self):
        paper = BallotPaper(PAPER.options)
        [ant, *_] = methods.get("plurality").result({"ant": 49_999, "bee": 1}, 50_000, paper).options
        assert (ant.share, ant.permille) == (0.99998, 999)

    def test_has_no_share_where_the_method_gives_none(self):
        paper = BallotPaper((OptionOnBallot("yes", "Yes"), OptionOnBallot("no", "No")))
        rules = {"majority": "absolute", "basis": "entitled"}
        result = Result.of(motion.tabulate(Contest(paper.keys, rules=rules, ballots=3), {"yes": 2, "no": 1}), paper)
        assert [(one.count, one.share, one.permille) for one in result.options] == [(2, None, None), (1, None, None)]


def test_an_unknown_method_is_named():
    with pytest.raises(KeyError, match="condorcet"):
        methods.get("condorcet")
