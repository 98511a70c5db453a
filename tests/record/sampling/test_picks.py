"""Which entries are drawn, as anybody can compute it with `sha256sum`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.sampling.picks import BadDice, draw, read_dice, write_seed

DICE = "16354216354216354216"


class TestReadDice:
    @pytest.mark.parametrize("typed", [DICE, " 16354 21635\n42163,54216 ", "-".join(DICE)])
    def test_takes_digits_with_something_between_them(self, typed):
        assert read_dice(typed) == DICE

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            (DICE[:-1], "there are 19 throws, and it takes 20 to 200"),
            ("1" * 201, "there are 201 throws"),
            ("", "there are 0 throws"),
            (DICE + "7", "'7' is no face of a die"),
            (DICE + "0", "'0' is no face of a die"),
            (DICE + "x", "'x' is no face of a die"),
            (DICE + "١", "'١' is no face of a die"),
        ],
    )
    def test_refuses_anything_else(self, typed, told):
        with pytest.raises(BadDice, match=told):
            read_dice(typed)


class TestDraw:
    def test_follows_from_manifest_and_dice(self):
        """As `printf '%s' "$MANIFEST_SHA256,$DICE,1" | sha256sum` and so on tell, each modulo 1000."""
        seed = write_seed("a manifest\n", DICE)
        assert seed == f"62ee4f8aa61d15d01a79450143b68b20e67a57a45c627c6b4d8fd2a7bec33c1c,{DICE}"
        assert draw(seed, 5, 1000) == [786, 984, 32, 164, 641]

    def test_changes_with_one_of_the_dice(self):
        other = DICE[:-1] + "5"
        assert draw(write_seed("m\n", DICE), 20, 1000) != draw(write_seed("m\n", other), 20, 1000)

    @given(st.integers(1, 50), st.integers(0, 60))
    def test_stays_among_the_entries(self, entries, draws):
        drawn = draw("seed", draws, entries)
        assert len(drawn) == min(draws, entries)
        assert all(0 <= one < entries for one in drawn)

    def test_can_draw_an_entry_twice(self):
        drawn = draw("seed", 90, 100)
        assert len(set(drawn)) < 90

    def test_takes_all_entries_once_where_it_would_draw_as_many(self):
        assert draw("seed", 7, 7) == draw("seed", 900, 7) == list(range(7))

    def test_is_nothing_of_nothing(self):
        assert draw("seed", 5, 0) == []
