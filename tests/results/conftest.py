"""The dashboard's scripts in a real browser, by themselves: no server, and a clock that the tests turn."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

import results

SCRIPTS = Path(results.__file__).parent / "static/results"
ORIGIN = "http://urna.test"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no chromium; .ci/run has to install it")
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page of an origin that has nothing but the scripts."""

    def serve(route: Route) -> None:
        path = SCRIPTS / route.request.url.rpartition("/")[2]
        if path.suffix == ".js" and path.exists():
            route.fulfill(path=path, content_type="text/javascript")
        elif path.suffix == ".json":
            route.fulfill(json={"version": 7})
        else:
            route.fulfill(body="", content_type="text/html")

    page = chromium.new_page()
    page.route("**/*", serve)
    page.clock.install()
    page.goto(ORIGIN)
    yield page
    page.close()
