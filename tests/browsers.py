"""A real browser: one for each file of tests, whose pages the tests use in turn."""

import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

logger = logging.getLogger(__name__)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A browser of a test must not call home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Milliseconds. Several processes, each with a browser and an Urna, share two cores: what takes a second alone has taken
# more than Playwright's five. A test that passes waits no longer for it.
expect.set_options(timeout=15_000)
# A folder in which tests leave pictures of the pages that they have looked over, for people to look at.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 380, "height": 740}, "has_touch": True, "is_mobile": True}


def keep_screenshot(page: Page) -> None:
    """Leave a picture of the page under the name of the present test, if somebody wants them."""
    if SCREENSHOTS:
        name = re.sub(r"[^\w-]+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("/")[2].removesuffix(" (call)"))
        page.screenshot(path=Path(SCREENSHOTS) / f"{name.strip('-')}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, for all tests of a file."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium; .ci/run has to install it")
        pytest.skip("there is no Chromium: install Debian's chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, which is idle while a test asks the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        make = browser.new_context
        patch.setattr(browser, "new_context", lambda **look: tell_troubles(make(**look)))
        yield browser
        browser.close()


def tell_troubles(context: BrowserContext) -> BrowserContext:
    """Log what goes wrong in a context's pages: pytest shows it where a test fails."""

    def tell_answer(answer: Response) -> None:
        if answer.status >= 400:
            logger.warning("answer %s: %s", answer.status, answer.url)

    context.on("weberror", lambda one: logger.warning("error in a script: %s", one.error))
    context.on("console", lambda one: logger.warning("console, %s: %s", one.type, one.text))
    context.on("requestfailed", lambda one: logger.warning("no answer: %s %s", one.url, one.failure))
    context.on("response", tell_answer)
    return context


class Visitor:
    """Somebody who has not been here, at pages that other tests have used before and left empty.

    To make a context with its first page takes Chromium half a second of processor time; to empty one, nearly nothing.
    """

    def __init__(self, browser: Browser, **look: Any) -> None:
        """Come with the options of a context: viewport, locale, ..."""
        self.context = browser.new_context(**look)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.context.on("console", self._listen)
        self.errors: list[str] = []
        self._free: list[Page] = []
        self._used: list[Page] = []

    def _listen(self, line: ConsoleMessage) -> None:
        if "Security Policy" in line.text:
            self.errors.append(line.text)

    def new_page(self) -> Page:
        """Return an empty page."""
        page = self._free.pop() if self._free else self.context.new_page()
        self._used.append(page)
        return page

    def leave(self) -> list[str]:
        """Forget everything; return the errors that scripts have made, and what was stopped by a policy."""
        for page in self._used:
            page.unroute_all()
            page.goto("about:blank")
        self.context.clear_cookies()
        self._free += self._used
        self._used.clear()
        errors, self.errors = self.errors, []
        return errors


class Visitors:
    """All visitors of a file of tests: one for each look and name."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._known: dict[str, Visitor] = {}
        self._here: dict[str, Visitor] = {}

    def get(self, name: str = "", **look: Any) -> Visitor:
        """Return who has this look; those with other names are other people, with cookies of their own."""
        key = f"{name} {sorted(look.items())}"
        if key not in self._known:
            self._known[key] = Visitor(self._browser, **look)
        self._here[key] = self._known[key]
        return self._known[key]

    def leave(self) -> list[str]:
        """Let all who are here leave; return what went wrong."""
        here = list(self._here.values())
        self._here.clear()
        return [error for visitor in here for error in visitor.leave()]


@pytest.fixture(scope="module")
def all_visitors(chromium: Browser) -> Visitors:
    """The visitors that a file of tests has."""
    return Visitors(chromium)


@pytest.fixture
def visitors(all_visitors: Visitors) -> Iterator[Visitors]:
    """The visitors of this test; errors of their scripts fail it."""
    yield all_visitors
    assert not all_visitors.leave()


@pytest.fixture
def visitor(visitors: Visitors) -> Visitor:
    """A phone of somebody who has not been here, in English."""
    return visitors.get(viewport={"width": 390, "height": 844}, locale="en")
