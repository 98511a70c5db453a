"""Ballots that give options scores or grades, in all methods that have them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls import methods
from polls.methods import InvalidMarking, InvalidRules
from polls.methods.grading import Graded

from .marks import ANIMALS, ask, count_keys, parse, show

GRADED = sorted(name for name, method in methods.METHODS.items() if isinstance(method, Graded))
SCORED = sorted(set(GRADED) - {"majority-judgment"})
GRADES = st.dictionaries(st.sampled_from(ANIMALS), st.integers(0, 5), min_size=1)


@pytest.mark.parametrize("method", GRADED)
class TestEachMethod:
    @given(grades=GRADES)
    def test_takes_any_grades_and_gives_them_back(self, method, grades):
        asked = ask(method)
        marking = parse(asked, grades)
        assert marking == ",".join(f"{key}:{grades[key]}" for key in ANIMALS if key in grades)
        assert dict(show(asked, grades).given) == grades
        assert {f"{key}:{number}" for key, number in grades.items()} <= set(count_keys(asked, marking))

    @given(grades=GRADES, text=st.text(max_size=30))
    def test_refuses_what_is_no_grade_and_shows_the_rest_again(self, method, grades, text):
        marks = grades | {"dog": text}
        if text.strip() in ("", "0", "1", "2", "3", "4", "5"):
            return
        with pytest.raises(InvalidMarking, match=r"is no score for Dog"):
            parse(ask(method), marks)
        assert dict(show(ask(method), marks).given) == {key: one for key, one in grades.items() if key != "dog"}

    @pytest.mark.parametrize(
        "form",
        ["q1:eel=1", "q1=ant", "q1:ant=1&q1:ant=2", "q1:ant=6", "q1:ant=-1", "q1:ant=05", "q1:ant=4.5", "q1:ant=½"],
    )
    def test_refuses_what_is_no_ballot_with_a_sentence(self, method, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse(ask(method), form)

    def test_asks_for_a_mark_unless_it_may_be_blank(self, method):
        with pytest.raises(InvalidMarking, match=r"Nothing is (scored|graded) yet"):
            parse(ask(method), {"ant": ""})
        assert parse(ask(method, rules={"blank": True}), {}) == ""

    @pytest.mark.parametrize(
        "marking", ["bee:1,ant:2", "ant:1,ant:2", "ant", "ant:", "ant:6", "ant:5:", "eel:1", "ant:1,", ",", "ant=1"]
    )
    def test_counts_no_marking_that_is_not_canonical(self, method, marking):
        with pytest.raises(InvalidMarking):
            count_keys(ask(method), marking)

    def test_a_preview_has_grades_of_each_kind(self, method):
        asked = ask(method)
        invented = [methods.get(method).invent(asked, random.Random(seed)) for seed in range(60)]
        assert {marking.partition(",")[0] for marking in invented} >= {"ant:3", "ant:4", "ant:5"}
        assert all(count_keys(asked, marking) for marking in invented)


@pytest.mark.parametrize("method", SCORED)
class TestScores:
    def test_go_from_0_to_10_if_the_rules_say_so(self, method):
        asked = ask(method, rules={"max_score": 10})
        assert parse(asked, {"ant": 10, "bee": 0}) == "ant:10,bee:0"
        with pytest.raises(InvalidMarking, match="“11” is no score for Ant"):
            parse(asked, {"ant": 11})

    def test_are_chosen_as_a_number_in_the_form_of_the_organiser(self, method):
        field = methods.get(method).rule_fields()["max_score"]
        assert (field.clean("10"), field.clean("")) == (10, None)

    def test_are_said_in_words(self, method):
        summary = show(ask(method), {"bee": 0, "ant": 5}).summary
        assert summary == "Ant: 5, Bee: 0; without a score, which counts as 0: Cat, Dog."
        assert show(ask(method), {}).summary == ""

    @pytest.mark.parametrize("best", [0, 11, "5", True])
    def test_have_a_scale_that_can_be(self, method, best):
        with pytest.raises(InvalidRules):
            methods.get(method).check(ask(method, rules={"max_score": best}))


class TestStar:
    def test_counts_also_which_option_is_scored_higher(self):
        keys = count_keys(ask("star", ("ant", "bee", "cat")), "ant:5,bee:2")
        assert keys == ["ant:5", "bee:2", "ant>bee", "ant>cat", "bee>cat"]

    def test_takes_no_more_options_than_can_be_compared(self):
        with pytest.raises(InvalidRules, match="at most 100 options"):
            methods.get("star").check(ask("star", tuple(f"o{number}" for number in range(101))))


class TestMajorityJudgment:
    def test_has_grades_in_words_the_best_first(self):
        shown = show(ask("majority-judgment"), {"ant": 5, "bee": 0})
        assert [str(grade.word) for grade in shown.choices] == [
            "Excellent", "Very good", "Good", "Fair", "Poor", "To reject"
        ]  # fmt: skip
        assert shown.summary == (
            "Ant: Excellent, Bee: To reject; without a grade, which counts as “To reject”: Cat, Dog."
        )

    def test_has_six_grades_and_no_other_scale(self):
        with pytest.raises(InvalidRules, match="six grades"):
            methods.get("majority-judgment").check(ask("majority-judgment", rules={"max_score": 10}))
