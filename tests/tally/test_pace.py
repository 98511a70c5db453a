"""How many ballots were counted when, as a series of bounded length."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.drain import drain_all
from tally.models import StoredOutcome
from tally.pace import MOST, Pace, carry_on, counted

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


def after(minutes: float) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def series(*steps: tuple[float, int]) -> Pace:
    """Return the series after some (minutes, ballots)."""
    pace = None
    for minutes, ballots in steps:
        pace = carry_on(pace, after(minutes), ballots)
    assert pace
    return pace


class TestCarryOn:
    def test_counts_by_minute(self):
        pace = series((0.1, 3), (0.9, 5), (1.5, 6), (4, 10))
        assert (counted(pace), pace["every"]) == ([5, 1, 0, 0, 4], 1)

    def test_begins_with_what_was_counted_before_there_was_a_series(self):
        assert counted(carry_on(None, NOON, 1005, before=1000)) == [5]

    def test_doubles_its_steps_when_they_are_too_many(self):
        pace = series(*((minute, minute + 1) for minute in range(MOST)))
        assert (pace["every"], counted(pace)) == (1, [1] * MOST)
        pace = carry_on(pace, after(MOST), MOST + 1)
        assert (pace["every"], counted(pace)) == (2, [2] * (MOST // 2) + [1])

    @pytest.mark.parametrize("days", [1, 30, 3000])
    def test_stays_bounded_however_long_nobody_votes(self, days):
        pace = series((0, 7), (1440 * days, 8))
        assert (len(pace["ballots"]) <= MOST, sum(counted(pace)), counted(pace)[0]) == (True, 8, 7)

    def test_is_not_made_longer_by_an_outcome_without_ballots_unless_that_is_asked_for(self):
        assert counted(series((0, 7), (9, 7))) == [7]
        assert counted(carry_on(series((0, 7)), after(2), 7, idle=True)) == [7, 0, 0]

    def test_takes_a_clock_that_was_set_back(self):
        assert counted(series((5, 3), (6, 4), (2, 9))) == [3, 6]

    def test_shows_nothing_below_nothing_where_a_recount_finds_fewer(self):
        assert counted(series((0, 10), (1, 8), (2, 9))) == [10, 0, 1]

    @given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9)), min_size=1, max_size=200))
    def test_loses_no_ballot(self, moves):
        pace, minutes, ballots = None, 0, 0
        for gap, more in moves:
            minutes, ballots = minutes + gap, ballots + more
            pace = carry_on(pace, after(minutes), ballots)
        assert pace
        assert sum(counted(pace)) == ballots
        assert len(pace["ballots"]) <= MOST


class TestStored:
    @pytest.mark.parametrize(("shows", "told"), [("live", True), ("turnout", True), ("hidden", False)])
    def test_is_stored_unless_even_the_number_of_ballots_is_hidden(self, make_election, cast, shows, told):
        drink = make_election(shows=shows)
        for name in ("ana", "bea"):
            cast(drink, name, "nesquik")
            drain_all()
        pace = StoredOutcome.objects.get().pace
        assert (pace is not None) is told
        if pace:
            assert sum(counted(pace)) == 2

    def test_goes_on_from_an_outcome_of_the_last_release(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        StoredOutcome.objects.update(pace=None, ballots=1)
        cast(drink, "bea", "nesquik")
        drain_all()
        pace = StoredOutcome.objects.get().pace
        assert (pace["before"], counted(pace)) == (1, [1])
