"""Ranks in words and numbers."""

import pytest

from tabulation.files.ordinals import LONGEST, read_rank


class TestReadRank:
    @pytest.mark.parametrize(
        ("text", "rank"),
        [
            ("1", 1), ("12", 12), ("2.", 2), ("3)", 3), ("#4", 4), ("1st", 1), ("2nd choice", 2), ("3RD", 3),
            ("4th place", 4), ("Choice 2", 2), ("Rank #3", 3), ("First", 1), ("tenth choice", 10), ("1 (best)", 1),
            ("First choice (best)", 1), ("1º", 1), ("2ª opción", 2), ("3.ª opción", 3), ("Primera opción", 1),
            ("SÉPTIMO", 7), ("Opción 5", 5), ("1er", 1), ("２", 2),
        ],
    )  # fmt: skip
    def test_reads_what_people_write(self, text, rank):
        assert read_rank(text) == rank

    def test_reads_no_more_characters_than_a_rank_can_have(self):
        text = f"1 ({'x' * (LONGEST - 4)})"
        assert (len(text), read_rank(text), read_rank(text + " ")) == (LONGEST, 1, None)

    @pytest.mark.parametrize("text", ["", "Ana", "1 Ana", "Ana 1", "1.5", "-1", "first Ana", "12345", "1" * 100_000])
    def test_reads_nothing_else(self, text):
        assert read_rank(text) is None
