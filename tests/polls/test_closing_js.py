"""The last minute of an election, counted down on the ballot of somebody who has not voted yet."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, Route

import pages
import polls
from polls import ballot_box
from tests.browsers import Visitor, chromium, visitor

__all__ = ["chromium", "visitor"]

pytestmark = pytest.mark.urls("voting_site.urls.vote")

STATIC = (Path(polls.__file__).parent / "static/polls", Path(pages.__file__).parent / "static/pages")
# A phone whose clock is a day late.
LATE = "Date.now = ((now) => () => now() - 86_400_000)(Date.now)"


@pytest.fixture
def ballot(visitor: Visitor, define: Callable[..., object], browser: Client) -> Callable[[int], Page]:
    """Return a function that opens the ballot of an election which closes in so many seconds."""

    def open_ballot(seconds: int) -> Page:
        define(closes_at=ballot_box.read_clock() + 1000 * seconds)
        written = browser.get("/drink/").content.decode()

        def serve(route: Route) -> None:
            name = re.sub(r"\.[0-9a-f]{12}\.", ".", route.request.url.rpartition("/")[2])
            if name.endswith(".js"):
                [script] = (folder / name for folder in STATIC if (folder / name).exists())
                route.fulfill(path=script, content_type="text/javascript")
            else:
                route.fulfill(
                    body=written if route.request.resource_type == "document" else "", content_type="text/html"
                )

        page = visitor.new_page()
        page.route("**/*", serve)
        page.add_init_script(LATE)
        page.goto("http://urna.test/drink/")
        return page

    return open_ballot


def test_is_seen_whatever_the_clock_of_the_phone_says(ballot: Callable[[int], Page]) -> None:
    page = ballot(40)
    page.wait_for_selector("[data-closes]:not([hidden])")
    [left] = re.findall(r"Closes in (\d+)", page.inner_text("[data-closes]"))
    assert 10 <= int(left) <= 40


def test_is_not_seen_before(ballot: Callable[[int], Page]) -> None:
    page = ballot(600)
    page.wait_for_function("document.querySelector('[role=timer]').textContent > 500")
    assert page.locator("[data-closes]").is_hidden()
