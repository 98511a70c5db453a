"""The dashboard's scripts in a real browser, by themselves: no server, and a clock that the tests turn."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

import results

SCRIPTS = Path(results.__file__).parent / "static/results"
ORIGIN = "http://urna.test"
# Where the clock of the pages begins.
NOW = dt.datetime(2026, 5, 4, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    """A page that all tests of a module use in turn: Chromium takes a second of processor time to make one."""
    tab = chromium.new_page()
    tab.clock.install(time=NOW)
    # It would go on by itself as well.
    tab.clock.pause_at(NOW + dt.timedelta(seconds=1))
    yield tab
    tab.close()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """An empty document of an origin that has nothing but the scripts."""

    def serve(route: Route) -> None:
        path = SCRIPTS / route.request.url.rpartition("/")[2]
        if path.suffix == ".js" and path.exists():
            route.fulfill(path=path, content_type="text/javascript")
        elif path.suffix == ".json":
            route.fulfill(json={"version": 7, "as_of": "2026-05-04T11:00:00.000000Z"})
        else:
            route.fulfill(body="", content_type="text/html")

    tab.route("**/*", serve)
    tab.goto(ORIGIN)
    yield tab
    tab.unroute_all()
