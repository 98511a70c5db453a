"""The one rule for percentages."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.shares import permille

VOTES = st.integers(0, 10**18)


@st.composite
def counts_in_base(draw: st.DrawFn) -> tuple[int, int]:
    base = draw(st.one_of(st.integers(0, 10_000), VOTES))
    return draw(st.integers(0, base)), base


class TestPermille:
    @pytest.mark.parametrize(
        ("count", "base", "expected"),
        [
            (41, 80, 513),
            (1, 3, 333),
            (2, 3, 667),
            (1, 2, 500),
            (1, 2000, 1),
            (3, 2000, 2),
            (4999, 5001, 999),
            (2, 5001, 1),
            (1, 10**18, 1),
            (10**18 - 1, 10**18, 999),
            (10**18, 10**18, 1000),
            (0, 10**18, 0),
            (0, 0, 0),
        ],
    )
    def test_rounds_half_up_and_keeps_all_and_none_for_what_they_are(self, count, base, expected):
        assert permille(count, base) == expected

    @given(counts_in_base())
    def test_is_all_of_all_alone_and_none_of_none_alone(self, given_counts):
        count, base = given_counts
        assert (permille(count, base) == 0) is (count == 0)
        assert (permille(count, base) == 1000) is (count == base > 0)

    @given(counts_in_base())
    def test_is_less_than_one_off_and_half_at_most_between_the_ends(self, given_counts):
        count, base = given_counts
        exact = Fraction(1000 * count, base) if base else Fraction(0)
        assert abs(permille(count, base) - exact) < 1
        if 1 <= exact <= 999:
            assert Fraction(-1, 2) < permille(count, base) - exact <= Fraction(1, 2)

    @given(counts_in_base(), VOTES)
    def test_of_more_votes_is_never_less(self, given_counts, other):
        count, base = given_counts
        fewer, more = sorted((count, min(other, base)))
        assert permille(fewer, base) <= permille(more, base)

    @given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
    def test_of_the_parts_of_a_whole_misses_it_by_less_than_one_each(self, parts):
        base = sum(parts)
        assert abs(sum(permille(part, base) for part in parts) - (1000 if base else 0)) < len(parts)

    @pytest.mark.parametrize(("count", "base"), [(-1, 5), (6, 5), (1, 0)])
    def test_of_what_is_no_part_is_refused(self, count, base):
        with pytest.raises(ValueError, match=f"no share of {count} in {base}"):
            permille(count, base)
