"""What a snapshot means in words, as the dashboard's script tells it, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Page

from .test_link_js import call_of


@pytest.fixture
def call(page: Page) -> Any:
    return call_of(page, "frames")


class TestFrames:
    def test_a_closed_election_is_counting_until_it_is_final(self, call: Any) -> None:
        assert call("stageOf", {"phase": "closed", "final": False}) == "counting"
        assert call("stageOf", {"phase": "closed", "final": True}) == "final"
        assert call("stageOf", {"phase": "open", "final": False}) == "open"

    def test_a_result_that_is_not_released_is_no_final_result(self, call: Any) -> None:
        assert call("stageOf", {"phase": "closed", "final": True, "withheld": True}) == "withheld"

    def test_one_who_is_ahead_leads_and_in_the_end_wins(self, call: Any) -> None:
        contest = {"winners": ["a", "b"], "tied": []}
        assert [call("standingOf", key, contest, False) for key in "abc"] == ["leading", "leading", ""]
        assert [call("standingOf", key, contest, True) for key in "abc"] == ["winner", "winner", ""]

    def test_those_at_the_last_seat_are_level_and_in_the_end_tie(self, call: Any) -> None:
        contest = {"winners": ["a"], "tied": ["b", "c"]}
        assert [call("standingOf", key, contest, False) for key in "abcd"] == ["leading", "level", "level", ""]
        assert [call("standingOf", key, contest, True) for key in "abcd"] == ["winner", "tie", "tie", ""]
