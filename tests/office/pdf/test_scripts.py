import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.pdf.scripts import is_plain, order


def pieces(text: str) -> list[str]:
    return [run.text for run in order(text)]


class TestOrder:
    """Names of two scripts, with the expected order of UAX #9; letters within a run are turned when it is shaped."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Ana", ["Ana"]),
            ("محمد رضا", ["محمد رضا"]),
            ("Ali (محمد) Reza", ["Ali ", "(", "محمد", ") ", "Reza"]),
            ("محمد (Ali) 5", ["5", " (", "Ali", ")", "محمد "]),
            ("محمد שלום", ["שלום", "محمد "]),
            ("Ana Нина", ["Ana ", "Нина"]),
            ("", []),
        ],
    )
    def test_goes_from_left_to_right_on_paper(self, text: str, expected: list[str]) -> None:
        assert pieces(text) == expected

    @given(st.text(alphabet="aб1 (.)محשל-", max_size=12))
    def test_loses_no_character(self, text: str) -> None:
        swap = str.maketrans("()", ")(")
        found = "".join(pieces(text))
        assert sorted(found.translate(swap).replace("(", ")")) == sorted(text.replace("(", ")"))


class TestIsPlain:
    @pytest.mark.parametrize("text", ["Ana", "Núñez “Ñ” – €", "Ωμέγα", "Жукова", "გიორგი", "Nguyễn"])
    def test_holds_for_letters_that_stand_alone(self, text: str) -> None:
        assert is_plain(text)

    @pytest.mark.parametrize("text", ["Jose\u0301", "محمد", "שלום", "मोहन", "สมชาย", "a\u200db"])
    def test_does_not_hold_for_what_must_be_shaped(self, text: str) -> None:
        assert not is_plain(text)
