"""The turnout of groups is shown, and that of no few people can be computed from it."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.groups_shown import MOST_COMBINATIONS, MOST_SHOWN, Combination, choose


def roll(*rows: tuple[str, int, int]) -> list[Combination]:
    """Make combinations from names of groups of one letter each, entitled and voted."""
    return [Combination(frozenset(groups), entitled, voted) for groups, entitled, voted in rows]


def names(shown: list[dict]) -> str:
    return "".join(one["name"] for one in shown)


class TestChoose:
    def test_shows_groups_that_are_large_enough_the_largest_first(self):
        assert choose(roll(("A", 10, 4), ("B", 30, 30)), [], 10) == [
            {"name": "B", "voted": 30, "entitled": 30},
            {"name": "A", "voted": 4, "entitled": 10},
        ]

    def test_adds_up_a_group_over_all_who_are_in_it(self):
        assert choose(roll(("A", 20, 5), ("AB", 21, 7)), [], 10) == [{"name": "A", "voted": 12, "entitled": 41}]

    @pytest.mark.parametrize(
        ("rows", "audiences", "shown"),
        [
            # A small group, and the rest, which would be the small group.
            ([("A", 50, 1), ("B", 9, 1)], [], ""),
            ([("A", 50, 1), ("B", 9, 1), ("C", 20, 1)], [], "A"),
            ([("A", 50, 1), ("", 9, 1)], [], ""),
            ([("A", 50, 1), ("", 10, 1)], [], "A"),
            # Two small groups are a large rest together.
            ([("A", 50, 1), ("B", 6, 1), ("C", 6, 1)], [], "A"),
            # Who is in two groups is shown in one of them; else A + B - all would tell of those in both.
            ([("A", 20, 1), ("B", 19, 1), ("AB", 3, 1)], [], "A"),
            ([("A", 20, 1), ("B", 19, 1), ("AB", 30, 1)], [], "A"),
            # The ballots of a contest for A and B are on the page: less those of A they are B's.
            ([("A", 50, 1), ("B", 5, 1), ("C", 50, 1)], ["AB"], "C"),
            # A contest for B alone says the same of B as the groups would.
            ([("A", 50, 1), ("B", 5, 1), ("C", 50, 1)], ["B"], "AC"),
            ([], [], ""),
        ],
    )
    def test_leaves_out_what_would_tell_of_few(self, rows, audiences, shown):
        assert names(choose(roll(*rows), [frozenset(one) for one in audiences], 10)) == shown

    def test_shows_none_where_there_are_more_combinations_than_anybody_looks_at(self):
        many = [Combination(frozenset({str(n)}), 20, 1) for n in range(MOST_COMBINATIONS + 1)]
        assert choose(many, [], 10) == []
        assert len(choose(many[1:], [], 10)) == MOST_SHOWN

    @given(st.lists(st.tuples(st.sampled_from(["", "A", "B", "C", "D", "AB", "BC"]), st.integers(1, 30)), max_size=6))
    def test_has_no_sum_or_difference_of_what_it_shows_that_tells_of_few(self, rows):
        combinations = roll(*((groups, entitled, 0) for groups, entitled in rows))
        shown = [one["name"] for one in choose(combinations, [], 10)]
        # How often an entry of each combination is in each figure: first that of all, then those of the groups.
        figures = [[1] * len(combinations), *([int(name in one.groups) for one in combinations] for name in shown)]
        for factors in product((-1, 0, 1), repeat=len(figures)):
            sums = [sum(factor * figure[at] for factor, figure in zip(factors, figures, strict=True))
                    for at in range(len(combinations))]  # fmt: skip
            if set(sums) <= {0, 1} and any(sums):
                assert sum(one.entitled for one, there in zip(combinations, sums, strict=True) if there) >= min(
                    10, sum(one.entitled for one in combinations)
                )
