import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.pdf import fonts
from office.pdf.fonts import REGULAR, missing
from office.pdf.lines import ELLIPSIS, Line, fill, fit, prepare, wrap

fonts.register()


def text_of(line: Line) -> str:
    return "".join(text for text, _width in line.pieces)


class TestMissing:
    @pytest.mark.parametrize("name", ["Ana", "Łukasz", "Жукова", "Ωμέγα", "محمد", "שלום", "मोहन", "สมชาย", "გიორგი"])
    def test_is_nothing_for_the_scripts_of_the_fonts(self, name: str) -> None:
        assert missing(name) == ""

    @pytest.mark.parametrize(("name", "lacking"), [("王小明", "王小明"), ("Ana 😀😀", "😀"), ("A\x07na", "\x07")])
    def test_names_each_character_once(self, name: str, lacking: str) -> None:
        assert missing(name) == lacking

    def test_does_not_change_with_what_has_been_shaped(self) -> None:
        """The library gives glyphs without a character one of the private ones."""
        for text in ("मोहन सिंह क्षत्रिय", "محمد لله"):
            prepare(text, REGULAR, 10)
        assert [char for char in map(chr, range(0xE000, 0xF8FF)) if not missing(char)] == []

    def test_does_not_count_what_only_joins(self) -> None:
        assert missing("मो\u200dहन") == ""


class TestPrepare:
    def test_joins_the_letters_of_arabic_from_right_to_left(self) -> None:
        forms = [unicodedata.name(form) for form in text_of(prepare("محمد", REGULAR, 10))]
        assert forms == [
            "ARABIC LETTER DAL FINAL FORM",
            "ARABIC LETTER MEEM MEDIAL FORM",
            "ARABIC LETTER HAH MEDIAL FORM",
            "ARABIC LETTER MEEM INITIAL FORM",
        ]

    @given(st.text(max_size=30), st.integers(4, 40))
    def test_has_a_width_for_any_text(self, text: str, size: int) -> None:
        assert prepare(text, REGULAR, size).width >= 0


class TestFit:
    def test_leaves_what_is_narrow_enough(self) -> None:
        line = fit("Ana", REGULAR, 10, 100, 5)
        assert (text_of(line), line.size) == ("Ana", 10)

    def test_makes_the_font_smaller_first(self) -> None:
        wide = prepare("María José Núñez", REGULAR, 10).width
        line = fit("María José Núñez", REGULAR, 10, wide * 0.8, 5)
        assert text_of(line) == "María José Núñez"
        assert line.size == pytest.approx(8)

    @given(st.text(alphabet="aWñ محש", min_size=1, max_size=60), st.integers(30, 120))
    def test_is_never_wider_than_allowed(self, text: str, width: int) -> None:
        line = fit(text, REGULAR, 10, width, 6)
        assert line.width <= width * 1.001
        assert 6 <= line.size <= 10


class TestFill:
    @given(st.text(alphabet="aW./-", min_size=1, max_size=100))
    def test_cuts_nothing(self, text: str) -> None:
        lines = fill(text, REGULAR, 10, 60, 30, 2)
        assert "".join(map(text_of, lines)) == text
        assert all(line.width <= 60 for line in lines)


class TestWrap:
    def test_keeps_all_words(self) -> None:
        text = "Do you accept the new statutes as the assembly proposed them"
        lines = wrap(text, REGULAR, 10, 90, 20)
        assert " ".join(map(text_of, lines)) == text
        assert all(line.width <= 90 for line in lines)

    def test_ends_the_last_line_with_an_ellipsis_if_there_is_more(self) -> None:
        lines = wrap("one two three four five six seven", REGULAR, 10, 60, 2)
        assert len(lines) == 2
        assert text_of(lines[-1]).endswith(ELLIPSIS)

    def test_cuts_a_word_that_is_too_long(self) -> None:
        [line] = wrap("W" * 200, REGULAR, 10, 60, 3)
        assert text_of(line).endswith(ELLIPSIS)
        assert line.width <= 60
