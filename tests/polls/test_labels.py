"""Labels that look alike, and keys made from any script."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls.labels import LONGEST_KEY, find_equal, fold, make_key, number_key, read_lines, tidy


class TestFold:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Tea", "tea"),
            ("Café", "Cafe\u0301"),
            ("Tea", "T\u200bea"),
            ("Tea", "\u202eTea"),
            ("Tea", "Ｔｅａ"),
            ("Straße", "STRASSE"),
            ("two words", "two\u00a0words"),
            ("two words", "twowords"),
            ("two\u2028words", "two\u2029words"),
            ("two\x07words", "twowords"),
        ],
    )
    def test_makes_labels_equal_that_nobody_can_tell_apart(self, one, other):
        assert fold(one) == fold(other)
        assert find_equal(["x", one, other]) == (one, other)

    @pytest.mark.parametrize(
        ("one", "other"), [("Sí", "Si"), ("+1", "-1"), ("C", "C++"), ("👍", "👎"), ("شاي", "قهوة")]
    )
    def test_leaves_others_apart(self, one, other):
        assert find_equal([one, other]) is None

    def test_leaves_what_can_be_seen(self):
        assert fold("Two Words") == "twowords"

    @pytest.mark.parametrize("label", ["", "\u200b", " \u00a0\t", "\u2060\ufeff"])
    def test_leaves_nothing_of_what_nobody_can_see(self, label):
        assert fold(label) == ""


class TestMakeKey:
    @given(st.lists(st.text(max_size=80), max_size=8))
    def test_makes_keys_that_are_valid_and_no_two_alike(self, labels):
        taken: list[str] = []
        for label in labels:
            taken.append(make_key(label, taken))
        assert len(set(taken)) == len(taken)
        for key in taken:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key)
            assert len(key) <= LONGEST_KEY

    @pytest.mark.parametrize(
        ("label", "key"),
        [
            ("_tea_", "tea"), ("-tea-", "tea"), ("two_words", "two-words"), ("a _-_ b", "a-b"), ("x" * 60, "x" * 36),
            ("x" * 35 + " y", "x" * 35),
        ],
    )  # fmt: skip
    def test_has_single_hyphens_inside_and_room_for_a_number(self, label, key):
        assert make_key(label, ()) == key

    def test_reads_like_the_label_where_it_can(self):
        assert make_key("Cola Cao", ()) == "cola-cao"
        assert make_key("Cola Cao", ("cola-cao",)) == "cola-cao-2"
        assert make_key("كولا", ()) == "option"


class TestTidy:
    def test_leaves_one_form_and_single_spaces(self):
        assert tidy("  Cafe\u0301 \t con  leche ") == "Café con leche"


class TestNumberKey:
    def test_takes_the_first_number_that_is_free(self):
        assert number_key([]) == "q1"
        assert number_key(["q1", "q3"]) == "q2"

    def test_begins_where_it_is_told_to(self):
        assert number_key(["q1", "q3"], first=3) == "q4"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Tea\n\n  Coffee \n", ["Tea", "Coffee"]),
        ("•\tTea\n•\tCoffee", ["Tea", "Coffee"]),
        ("- Tea\n- Coffee", ["Tea", "Coffee"]),
        ("1.\tTea\n2.\tCoffee", ["Tea", "Coffee"]),
        ("1) Tea\r\n2) Coffee", ["Tea", "Coffee"]),
        # Not all of them, not from 1 on, or nothing of a list at all.
        ("1. FC\nBayern", ["1. FC", "Bayern"]),
        ("3. March\n4. March", ["3. March", "4. March"]),
        ("-5 °C\n-10 °C", ["-5 °C", "-10 °C"]),
        ("1. FC", ["1. FC"]),
        ("", []),
    ],
)
def test_lines_lose_the_marks_of_a_list(text, labels):
    assert read_lines(text) == labels
