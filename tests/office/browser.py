"""A signed-in organiser in a real browser, at the pages of the office; and an Urna with content for such a browser."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from tests.browsers import DESKTOP, PHONE, Visitors, chromium
from tests.voting_site.processes import Up

__all__ = ["DESKTOP", "PHONE", "chromium", "make_content", "open_office", "urna"]

OpenOffice = Callable[..., Page]


@pytest.fixture
def open_office(visitors: Visitors, live_server: Any, organiser: Client) -> OpenOffice:
    """Return a function that opens a page of the office."""

    def open_office(path: str, **options: Any) -> Page:
        visitor = visitors.get(base_url=live_server.url, **{"locale": "en", **DESKTOP, **options})
        session = organiser.cookies[settings.SESSION_COOKIE_NAME].value
        visitor.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = visitor.new_page()
        page.goto(path)
        return page

    return open_office


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    # With mail set up, so that its pages have all that they can have; nobody sends any.
    with Up(tmp_path_factory.mktemp("urna"), EMAIL_HOST="127.0.0.1", EMAIL_FROM="urna@example.org") as up:
        up.wait_until_ready()
        yield up


def make_content(urna: Up, call: str) -> dict[str, int]:
    """Call a function of content.py in an Urna; return the numbers that it prints, by name."""
    [found] = re.findall("NUMBERS (.*)", urna.execute(f"from tests.office import content; content.{call}"))
    numbers: dict[str, int] = json.loads(found)
    return numbers
