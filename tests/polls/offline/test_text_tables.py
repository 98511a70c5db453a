"""Tables in a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from polls.offline.text_tables import measure, write_table


class TestWriteTable:
    def test_stands_in_columns(self):
        assert list(write_table(["", "votes", ""], [["Ana", "7", "63.6%"], ["蘇業 Ye", "104", "9%"]], 80)) == [
            "         votes",
            "Ana          7  63.6%",
            "蘇業 Ye    104     9%",
        ]

    def test_has_several_parts_where_it_is_too_wide(self):
        rows = [["Ana", *map(str, range(6))], ["Bea", *"aaaaaa"]]
        assert list(write_table(["", *"123456"], rows, 12)) == [
            "     1  2  3", "Ana  0  1  2", "Bea  a  a  a", "",
            "     4  5  6", "Ana  3  4  5", "Bea  a  a  a",
        ]  # fmt: skip

    def test_cuts_long_names(self):
        [_head, row] = write_table(["", "votes"], [["A" * 50, "1"]], 80)
        assert row == "A" * 31 + "…" + "      1"

    @given(st.lists(st.lists(st.text(max_size=5), min_size=3, max_size=3), min_size=1, max_size=5), st.integers(1, 30))
    def test_shows_each_cell_whatever_the_width(self, rows, width):
        lines = list(write_table(["", "one", "two"], rows, width))
        assert len(lines) in (len(rows) + 1, 2 * len(rows) + 3)


class TestMeasure:
    def test_counts_places(self):
        assert [measure(text) for text in ("abc", "蘇業", "e\u0301", "\u200b")] == [3, 4, 1, 0]
