"""What the dashboard tells screen readers, and how often, in a real browser with a clock that the tests turn."""

import pytest
from playwright.sync_api import Page

OPEN = """async () => {
    document.body.innerHTML = "<p aria-live=polite></p>";
    const { Announcer } = await import("/announcer.js");
    window.now = ["Voting is open", "Ana Leading"];
    window.announcer = new Announcer(document.querySelector("p"), () => now);
    window.tell = (...sentences) => { now = sentences; announcer.look(); };
}"""


@pytest.fixture(autouse=True)
def _open(page: Page) -> None:
    page.evaluate(OPEN)


def spoken(page: Page) -> str:
    return page.inner_text("p")


class TestAnnouncer:
    def test_says_at_once_what_is_new_and_nothing_that_was_there(self, page: Page) -> None:
        page.evaluate("announcer.look()")
        assert spoken(page) == ""
        page.evaluate("tell('Voting is open', 'Bea Leading')")
        assert spoken(page) == "Bea Leading"

    def test_says_nothing_more_for_ten_seconds_and_then_how_it_stands(self, page: Page) -> None:
        page.evaluate("tell('Voting is open', 'Bea Leading')")
        for name in ("Leo", "Mia", "Tom"):
            page.evaluate(f"tell('Voting is open', '{name} Leading')")
        page.clock.run_for(6000)
        assert spoken(page) == "Bea Leading"
        page.evaluate("tell('Closed, counting…', 'Tom Leading')")
        page.clock.run_for(4100)
        assert spoken(page) == "Closed, counting…. Tom Leading"

    def test_is_silent_where_the_lead_has_come_back_within_the_pause(self, page: Page) -> None:
        page.evaluate("tell('Voting is open', 'Bea Leading')")
        page.evaluate("tell('Voting is open', 'Ana Leading')")
        page.evaluate("tell('Voting is open', 'Bea Leading')")
        page.clock.run_for(20000)
        assert spoken(page) == "Bea Leading"
