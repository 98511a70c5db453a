"""Warnings about a roll before publishing: whose vote the results could tell."""

from typing import Any

import pytest

from office.checklist import check
from polls.models import RollEntry
from tests.office.test_drafts import NOW, make_draft

__all__ = ["make_draft"]


@pytest.fixture
def odd(make_draft: Any) -> Any:
    """Return a function that tells what looks odd about a roll: entries by weight, and by groups."""

    def tell(weights: dict[int, int], groups: dict[str, int] | None = None, *, asked: tuple[str, ...] = ()) -> str:
        election = make_draft(eligibility="roll", closes_at=None)
        election.contests.update(groups=list(asked))
        rows = [{"weight": weight} for weight, times in weights.items() for _ in range(times)]
        rows += [{"groups": list(names)} for names, times in (groups or {}).items() for _ in range(times)]
        RollEntry.objects.bulk_create(RollEntry(election=election, number=n, **row) for n, row in enumerate(rows, 1))
        return " ".join(check(election, NOW).odd)

    return tell


class TestWeights:
    def test_that_few_have_are_named(self, odd):
        assert "how they voted: 3, 1,700." in odd({1: 20, 3: 4, 1700: 1, 2: 5})

    @pytest.mark.parametrize("weights", [{1: 3}, {7: 2}, {1: 5, 2: 5}, {}])
    def test_that_tell_nothing_are_no_matter(self, odd, weights):
        assert "weights" not in odd(weights)

    def test_of_entries_that_are_struck_do_not_count(self, odd):
        told = odd({1: 20})
        RollEntry.objects.filter(number=1).update(weight=9, struck_at=NOW)
        election = RollEntry.objects.get(number=1).election
        assert " ".join(check(election, NOW).odd) == told

    def test_are_listed_up_to_a_length(self, odd):
        assert "1, 2, 3, 4, 5, 6, 7, 8 …." in odd(dict.fromkeys(range(1, 40), 1))

    def test_do_not_matter_in_an_open_election(self, make_draft):
        election = make_draft(closes_at=None)
        RollEntry.objects.bulk_create(RollEntry(election=election, number=n, weight=n) for n in (1, 2))
        assert "weights" not in " ".join(check(election, NOW).odd)


class TestContestOfGroups:
    def test_that_few_have_is_named(self, odd):
        told = odd({}, {"A": 30, "B": 3, "C": 5}, asked=("B", "C"))
        assert "Only 8 voters have the question “Drinks”" in told

    def test_counts_a_voter_of_two_groups_once(self, odd):
        assert "Only 6 voters" in odd({}, {"A": 30, "B": 1, "BC": 5}, asked=("B", "C"))

    def test_that_many_have_is_no_matter(self, odd):
        assert "Only" not in odd({}, {"A": 30, "B": 10}, asked=("B",))
