"""The voting methods, without a database."""

from dataclasses import replace
from typing import Any

import pytest
from django.forms import Form
from django.http import QueryDict
from django.utils import translation

from polls import markings, methods
from polls.markings import InvalidPaper
from polls.methods import ContestOnBallot, InvalidMarking, InvalidRules
from tabulation import motion
from tabulation.contest import Contest
from tests.conftest import contest

ANIMALS = contest(options=("ant", "bee", "cat"))


def animals(method: str, **rules: Any) -> ContestOnBallot:
    return replace(ANIMALS, method=method, rules=rules)


def parse(method: str, form: str, **rules: Any) -> str:
    """Return the marking of a paper with one contest, without the name of the contest."""
    return markings.parse(QueryDict(form), [animals(method, **rules)]).removeprefix("q1=")


def make_form(method: str, **values: str) -> Form:
    """Return the form in which an organiser sets the rules of a method, filled in and checked."""
    form = type("RuleForm", (Form,), methods.get(method).rule_fields())(values)
    form.full_clean()
    return form


class TestPlurality:
    def test_takes_one_choice(self):
        assert parse("plurality", "q1=bee") == "bee"

    @pytest.mark.parametrize("form", ["", "q1=", "q1=dog", "q1=ant&q1=bee", "q1=ant&q1=ant", "x=1"])
    def test_refuses_anything_else_with_a_sentence(self, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse("plurality", form)

    def test_elects_as_many_as_there_are_seats_and_nobody_at_a_tie_for_the_last(self):
        given = Contest(ANIMALS.keys, 2, {}, ballots=5)
        outcome = methods.get("plurality").tabulate(given, {"ant": 3, "bee": 1, "cat": 1})
        assert (outcome.winners, outcome.ties[0].keys) == (("ant",), ("bee", "cat"))


class TestApproval:
    def test_writes_equal_ballots_as_equal_text(self):
        assert parse("approval", "q1=cat&q1=ant") == parse("approval", "q1=ant&q1=cat") == "ant,cat"

    @pytest.mark.parametrize("form", ["", "q1=", "q1=dog", "q1=ant&q1=dog", "q1=ant&q1=ant", "q1=ant,bee"])
    def test_refuses_what_is_no_ballot(self, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse("approval", form)

    def test_refuses_more_choices_than_the_rules_allow(self):
        assert parse("approval", "q1=ant&q1=bee", max_choices=2) == "ant,bee"
        with pytest.raises(InvalidMarking, match=r"^At most 2 options can be chosen"):
            parse("approval", "q1=ant&q1=bee&q1=cat", max_choices=2)
        with pytest.raises(InvalidMarking, match=r"^At most 1 option can be chosen"):
            parse("approval", "q1=ant&q1=bee", max_choices=1)

    def test_refuses_fewer_choices_than_the_rules_ask_for(self):
        assert parse("approval", "q1=ant&q1=bee", min_choices=2) == "ant,bee"
        with pytest.raises(InvalidMarking, match=r"^At least 2 options have to be chosen"):
            parse("approval", "q1=ant", min_choices=2)

    @pytest.mark.parametrize("least", [0, 4, -1, "2", True, 1.5])
    def test_refuses_a_least_number_that_nobody_can_choose(self, least):
        with pytest.raises(InvalidRules):
            methods.get("approval").check(animals("approval", min_choices=least))

    def test_holds_the_least_number_to_the_most_that_is_allowed(self):
        check = methods.get("approval").check
        for least, most in ((None, None), (1, None), (3, None), (None, 1), (1, 1), (2, 2)):
            check(animals("approval", min_choices=least, max_choices=most))
        with pytest.raises(InvalidRules):
            check(animals("approval", min_choices=3, max_choices=2))

    def test_elects_who_is_approved_by_most(self):
        outcome = methods.get("approval").tabulate(Contest(ANIMALS.keys, 1, {}, ballots=3), {"ant": 2, "bee": 3})
        assert (outcome.method, outcome.winners) == ("approval", ("bee",))

    def test_takes_limits_from_one_choice_on_in_its_form(self):
        assert make_form("approval").is_valid()
        assert make_form("approval", min_choices="1", max_choices="2").cleaned_data == {
            "min_choices": 1,
            "max_choices": 2,
        }
        assert make_form("approval", min_choices="0", max_choices="0").errors.keys() == {"min_choices", "max_choices"}

    def test_counts_each_approved_option(self):
        assert list(methods.get("approval").count_keys("ant,cat", ANIMALS)) == ["ant", "cat"]

    @pytest.mark.parametrize("marking", ["cat,ant", "ant,ant", "dog", "ant,,cat"])
    def test_counts_no_marking_that_is_not_canonical(self, marking):
        with pytest.raises(InvalidMarking):
            methods.get("approval").count_keys(marking, ANIMALS)


class TestMotion:
    def test_is_marked_with_one_choice_and_counted_by_its_own_rule(self):
        asked = contest(method="motion", options=("yes", "no", "abstain"))
        assert markings.parse(QueryDict("q1=abstain"), [asked]) == "q1=abstain"
        outcome = methods.get("motion").tabulate(
            Contest(asked.keys, 1, {}, ballots=5), {"yes": 2, "no": 1, "abstain": 2}
        )
        assert (outcome.winners, outcome.reason) == (("yes",), motion.Reason.CARRIED)

    def test_takes_its_options_in_order_whatever_they_are_called(self):
        rules = methods.get("motion").complete_rules({"quorum": "12"}, ["si", "no", "abstencion"])
        assert rules == {"quorum": 12, "yes": "si", "no": "no", "abstain": "abstencion"}
        methods.get("motion").check(contest(method="motion", options=("si", "no", "abstencion"), rules=rules))

    def test_may_have_no_option_to_abstain_and_no_quorum_or_a_part(self):
        complete = methods.get("motion").complete_rules
        assert complete({"majority": "absolute"}, ["si", "no"]) == {"majority": "absolute", "yes": "si", "no": "no"}
        assert complete({"quorum": ""}, ["si", "no"]) == {"quorum": "", "yes": "si", "no": "no"}
        assert complete({"quorum": "1/3"}, ["si", "no"]) == {"quorum": "1/3", "yes": "si", "no": "no"}

    @pytest.mark.parametrize(
        ("text", "is_taken"),
        [("", True), ("12", True), ("1/3", True), ("0", False), ("012", False), ("1/0", False), ("1/3 of all", False)],
    )
    def test_takes_a_number_or_a_part_as_the_quorum_in_its_form(self, text, is_taken):
        form = make_form("motion", majority="two-thirds", basis="cast", quorum=text)
        assert form.is_valid() is is_taken

    def test_needs_no_rule_in_its_form(self):
        assert make_form("motion").is_valid()

    @pytest.mark.parametrize("rules", [{"majority": "most"}, {"quorum": 0}, {"quorum": "101/100"}, {"seats": 2}])
    def test_refuses_rules_that_cannot_be(self, rules):
        with pytest.raises(InvalidRules):
            methods.get("motion").check(contest(method="motion", options=("yes", "no"), rules=rules))

    def test_says_what_is_wrong_with_a_rule_in_the_language_of_the_organiser(self):
        votes = contest(method="motion", options=("yes", "no"), rules={"quorum": 0})
        with translation.override("es"), pytest.raises(InvalidRules, match="tiene que ser un número de papeletas"):
            methods.get("motion").check(votes)


class TestPaper:
    """Markings of several contests at once."""

    PAPER = (
        contest("q1", ("ant", "bee")),
        contest("q2", ("cat", "dog", "eel"), method="approval", rules={"max_choices": 2}),
        contest("q3", ("fly", "gnu"), rules={"blank": True}),
    )

    def test_has_a_part_for_each_contest_in_their_order(self):
        assert markings.parse(QueryDict("q3=gnu&q2=eel&q1=bee&q2=cat"), self.PAPER) == "q1=bee;q2=cat,eel;q3=gnu"

    def test_may_leave_blank_what_its_rules_allow(self):
        marking = markings.parse(QueryDict("q1=bee&q2=cat&q3="), self.PAPER)
        assert marking == "q1=bee;q2=cat;q3="
        assert list(markings.count_keys(marking, self.PAPER)) == ["q1:bee", "q2:cat", "q3:-blank"]

    def test_says_of_each_contest_what_is_wrong(self):
        with pytest.raises(InvalidPaper) as caught:
            markings.parse(QueryDict("q2=cat&q2=dog&q2=eel&q3=ant"), self.PAPER)
        assert sorted(caught.value.errors) == ["q1", "q2", "q3"]

    @pytest.mark.parametrize(
        "marking",
        [
            "",
            "bee",
            "q1=bee",
            "q1=bee;q2=cat",
            "q1=bee;q3=gnu;q2=cat",
            "q1=bee;q2=cat;q3=gnu;q4=x",
            "q1=bee;q2=cat;q3=gnu;",
            "q1=bee;q2=cat;q3=bee",
            "q1=;q2=cat;q3=gnu",
            "q1=bee;q2=cat;q3",
            "q1=bee;q2=cat;q2=cat",
            "q1=bee=ant;q2=cat;q3=gnu",
        ],
    )
    def test_counts_no_marking_that_is_not_canonical(self, marking):
        with pytest.raises(InvalidMarking):
            list(markings.count_keys(marking, self.PAPER))

    # The third question is for some groups of the roll only.
    FOR_GROUPS = (*PAPER[:2], contest("q3", ("fly", "gnu"), rules={"blank": True}, groups=("biology",)))

    @pytest.mark.parametrize(
        ("marking", "keys"),
        [
            ("q1=bee;q2=cat", []),
            ("q1=bee;q2=cat;q3=gnu", ["q3:-ballots", "q3:gnu"]),
            ("q1=bee;q2=cat;q3=", ["q3:-ballots", "q3:-blank"]),
        ],
    )
    def test_may_leave_out_a_contest_of_other_groups_which_is_not_blank_then(self, marking, keys):
        assert list(markings.count_keys(marking, self.FOR_GROUPS)) == ["q1:bee", "q2:cat", *keys]

    @pytest.mark.parametrize(
        "marking", ["q1=bee;q3=gnu", "q3=gnu;q1=bee;q2=cat", "q1=bee;q2=cat;q3=gnu;q3=fly", "", "q3="]
    )
    def test_may_not_leave_out_a_contest_of_everybody(self, marking):
        with pytest.raises(InvalidMarking, match="each question of the ballot once"):
            list(markings.count_keys(marking, self.FOR_GROUPS))

    @pytest.mark.parametrize("name", ["q4", "q0", "choice", "", "Q1", "q4:cat"])
    def test_refuses_a_field_of_no_contest(self, name):
        with pytest.raises(InvalidPaper, match="not on this ballot"):
            markings.refuse_unknown_fields([name], self.PAPER)

    def test_of_the_first_release_has_one_field_with_another_name(self):
        assert markings.parse(QueryDict("choice=bee"), self.PAPER[:1], first_release=True) == "q1=bee"


class TestGet:
    def test_names_the_known_ones_where_there_is_none(self):
        with pytest.raises(KeyError, match="plurality, approval, motion"):
            methods.get("sortition")
