"""How many replicas have to confirm, by how many follow, which fail-over it was, and how long fewer have followed."""

import pytest

from polls.ballot_box.in_sync import MISSED_S, Noted, judge

BOTH = Noted(2, fail_over=7)


@pytest.fixture(autouse=True)
def copies(settings):
    settings.BALLOT_BOX_COPIES = 1


def test_as_many_have_to_confirm_as_follow():
    assert judge(Noted(), 2, 7, 0) == BOTH
    assert judge(Noted(1, 7), 2, 7, 0) == BOTH


def test_where_one_is_missing_both_have_to_confirm_until_no_other_primary_can_be_meant():
    assert judge(BOTH, 1, 7, MISSED_S - 0.01) == BOTH
    assert judge(BOTH, 1, 7, MISSED_S) == Noted(1, 7)


def test_after_a_fail_over_those_that_follow_are_enough_at_once():
    assert judge(BOTH, 1, 8, 0) == Noted(1, 8)


def test_as_many_have_to_confirm_as_settings_say_at_least():
    assert judge(BOTH, 0, 8, 0) == Noted(1, 8)
