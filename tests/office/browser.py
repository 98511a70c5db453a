"""A signed-in organiser in a real browser, at the pages of the office."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from tests.test_whole_way import CHROMIUM, FLAGS
from tests.voting_site.processes import Up, run

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 380, "height": 740}, "has_touch": True, "is_mobile": True}

OpenOffice = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "CI has no Chromium: .ci/run installs it"
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, which is idle while a test asks the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_office(chromium: Browser, live_server: Any, organiser: Client) -> Iterator[OpenOffice]:
    """Return a function that opens a page of the office; errors of its scripts and refused ones fail the test."""
    contexts, errors = [], []

    def open_office(path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **{"locale": "en", **DESKTOP, **options})
        contexts.append(context)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda line: errors.append(line.text) if "Security Policy" in line.text else None)
        session = organiser.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_office
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


def make_content(urna: Up, call: str) -> dict[str, int]:
    """Call a function of content.py in an Urna; return the numbers that it prints, by name."""
    made = run("shell", "--data", str(urna.data), "-c", f"from tests.office import content; content.{call}")
    [found] = re.findall("NUMBERS (.*)", made.stdout) or [made.stderr]
    numbers: dict[str, int] = json.loads(found)
    return numbers
