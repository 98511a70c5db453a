"""Voting codes: what is read, what is a typing error, and what is kept."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls.roll import codes

made = st.text(codes.ALPHABET, min_size=codes.LENGTH - 1, max_size=codes.LENGTH - 1).map(
    lambda text: text + codes._check_character(text)
)


class TestCode:
    def test_holds_more_than_eighty_bits_and_no_look_alikes(self):
        assert math.log2(len(codes.ALPHABET)) * (codes.LENGTH - 1) > 80
        for alike in ("0OQ", "1IL", "UV", "2Z", "5S", "8B", "6G"):
            assert len(set(alike) & set(codes.ALPHABET)) <= 1

    def test_is_another_one_each_time_and_read_as_it_was_made(self):
        several = [codes.make() for _ in range(100)]
        assert len(set(several)) == 100
        assert [codes.write(codes.read(one)) for one in several] == several

    @given(made)
    def test_is_read_however_it_is_typed(self, code):
        typed = f"  {codes.write(code).lower().replace('-', ' – ')}.\n"
        assert codes.read(typed) == code
        alike = code.replace("D", "o").replace("5", "s").replace("2", "Z").replace("8", "b").replace("6", "G")
        assert codes.read(alike) == code

    @given(made, st.integers(0, codes.LENGTH - 1), st.sampled_from(codes.ALPHABET))
    def test_with_one_wrong_character_is_a_typing_error(self, code, place, other):
        changed = code[:place] + other + code[place + 1 :]
        if changed == code:
            assert codes.read(changed) == code
        else:
            with pytest.raises(codes.Mistyped):
                codes.read(changed)

    @given(made, st.integers(0, codes.LENGTH - 2))
    def test_with_two_characters_in_the_wrong_order_is_a_typing_error(self, code, place):
        changed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        if changed != code:
            with pytest.raises(codes.Mistyped):
                codes.read(changed)

    @pytest.mark.parametrize("typed", ["", "-", "ABC", "1" * 20, "A" * 21, "A" * 100_000, "\0", "ñ" * 20, "Á" * 20])
    def test_is_nothing_else(self, typed):
        with pytest.raises(codes.Mistyped):
            codes.read(typed)


class TestHash:
    def test_is_of_one_election_and_of_the_secret_key(self, settings):
        code = codes.read(codes.make())
        first = codes.hash_code(1, code)
        assert len(first) == 22
        assert list(codes.hash_all(1, [code])) == [first]
        assert codes.hash_code(2, code) != first
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
        assert codes.hash_code(1, code) != first
        assert first in codes.possible_hashes(1, code)
