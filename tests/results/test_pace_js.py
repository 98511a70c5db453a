"""Ballots over time, the time that is left, and who watches, as the dashboard's script draws them."""

import datetime as dt

import pytest

from polls.models import Election
from results.pace_shown import PaceShown

from .papers import LIVELY, NOON, make_snapshot, render
from .test_board_js import LIST, draw

pytestmark = pytest.mark.urls("voting_site.urls.result")


class TestPace:
    SHORT = PaceShown(NOON, 1, [3, 0, 7], goes_on=True)
    LONG = PaceShown(NOON, 8, [1000 + 37 * number for number in range(60)], goes_on=False)

    @pytest.mark.parametrize("language", ["en", "es"])
    @pytest.mark.parametrize(("before", "after"), [(None, SHORT), (SHORT, LONG), (LONG, SHORT), (SHORT, None)], ids=str)
    def test_is_drawn_as_the_server_writes_it(self, page, language, before, after):
        first, second = (make_snapshot(LIVELY, 12, pace=one) for one in (before, after))
        drawn = draw(page, first, second, language)
        if after:
            assert drawn == page.evaluate(LIST, render(second, language))
        assert page.locator("[data-pace]").is_visible() is (after is not None)

    def test_says_the_same_in_a_sentence_and_a_table(self, page):
        draw(page, make_snapshot(LIVELY, 12), make_snapshot(LIVELY, 12, pace=self.SHORT))
        assert "Each column is 1 min: 0 in the last full one, 7 at most." in page.inner_text("[data-pace]")
        cells = page.evaluate("Array.from(document.querySelectorAll('[data-pace] tbody td'), (one) => one.textContent)")
        times = [f"2026-05-04 12:0{minute}" for minute in range(3)]
        assert cells == [times[0], "3", times[1], "0", times[2], "7"]


class TestTimeLeft:
    @pytest.mark.parametrize("seconds", [0, 59, 60, 3599, 3600, 86_399, 86_400, 900_000, -5])
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_is_written_as_the_server_writes_it(self, page, seconds, language):
        closes_at = NOON + dt.timedelta(seconds=seconds)
        election = Election(slug="drink", opens_at=NOON, closes_at=closes_at, time_zone="UTC")
        snapshot = make_snapshot(LIVELY, 12, election=election)
        draw(page, snapshot, snapshot, language)
        written = page.inner_text("[data-left]")
        page.evaluate("document.querySelector('[data-left]').textContent = ''")
        page.evaluate(
            "([until, now]) => board.drawLeft(until, Date.parse(now))", [closes_at.isoformat(), NOON.isoformat()]
        )
        assert page.inner_text("[data-left]") == written
        assert any(one.isdigit() for one in written)


class TestWatching:
    def test_is_said_while_somebody_tells_it(self, page):
        draw(page, make_snapshot(LIVELY, 12), make_snapshot(LIVELY, 12))
        assert page.locator("[data-watching]").is_hidden()
        page.evaluate("board.drawWatching(1234)")
        assert page.inner_text("[data-watching]") == "watching now: about 1,234"
        page.evaluate("board.drawWatching(undefined)")
        assert page.locator("[data-watching]").is_hidden()
