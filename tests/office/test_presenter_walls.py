"""A presenter with a phone drives two walls at once, from the opening to the result, in a whole Urna."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import PHONE, chromium
from tests.voting_site.processes import Up

__all__ = ["chromium"]

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery staple"
PAPER = {
    "title": "Assembly",
    "slug": "assembly",
    "contests": [
        {"key": "chair", "title": "Chair", "options": [{"label": "Ana"}, {"label": "Bea"}]},
        {"key": "board", "title": "Board", "method": "approval", "options": [{"label": "Leo"}, {"label": "Mia"}]},
    ],
}
# Takes away what browsers of 2022 did not have: phones and screens of halls are often as old.
OLD_BROWSER = """
    for (const name of ["toSorted", "toReversed", "toSpliced", "with"]) delete Array.prototype[name];
    const Newer = window.FormData;
    window.FormData = class extends Newer { constructor(form) { super(form); } };
"""
SCREENS = {"width": 1024, "height": 768}, {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("urna")
    with Up(folder) as up:
        up.wait_until_ready()
        paper: Path = folder / "paper.json"
        paper.write_text(json.dumps(PAPER))
        up.call("import_election", str(paper), "--publish")
        up.add_administrator("mia", PASSWORD)
        yield up


@pytest.fixture
def phone(chromium: Browser, urna: Up) -> Iterator[Page]:
    """The phone of the presenter, at the page that drives the walls."""
    context = chromium.new_context(base_url=f"http://127.0.0.1:{urna.ports['admin']}", locale="en", **PHONE)
    context.add_init_script(OLD_BROWSER)
    page = context.new_page()
    page.goto("/admin/login/")
    page.fill("#id_username", "mia")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    page.goto("/admin/polls/election/")
    page.get_by_role("link", name="Assembly").first.click()
    page.get_by_role("link", name="Wall…").click()
    yield page
    context.close()


@pytest.fixture
def walls(chromium: Browser, urna: Up) -> Iterator[list[Page]]:
    context = chromium.new_context(locale="en")
    context.add_init_script(OLD_BROWSER)
    pages = []
    for screen in SCREENS:
        page = context.new_page()
        page.set_viewport_size(screen)
        page.goto(f"http://127.0.0.1:{urna.ports['result']}/assembly/?view=wall")
        expect(page.locator("html")).to_have_class("fitted")
        pages.append(page)
    yield pages
    context.close()


def press(phone: Page, name: str) -> None:
    with phone.expect_response(lambda answer: answer.request.method == "POST"):
        phone.get_by_role("button", name=name, exact=True).click()


def test_drives_two_walls_from_a_phone(phone: Page, walls: list[Page], urna: Up) -> None:
    press(phone, "Board")
    for wall in walls:
        expect(wall.locator("h2:visible")).to_have_text("Board")
    took = []
    # Usually both have it in well under a second; a busy machine may take longer, but not each time.
    for _ in range(3):
        press(phone, "Hide")
        for wall in walls:
            expect(wall.locator("[data-count]:visible")).to_have_count(0)
        assert phone.get_by_role("button", name="Board", exact=True).get_attribute("aria-pressed") == "true"
        begun = time.monotonic()
        phone.get_by_role("button", name="Show", exact=True).click()
        for wall in walls:
            expect(wall.locator("[data-count]:visible")).to_have_count(2)
        took.append(time.monotonic() - begun)
    assert min(took) < 5
    press(phone, "Side by side")
    for wall in walls:
        expect(wall.locator(".panel:visible")).to_have_count(2)
    # What was set is kept: another wall, opened later, shows the same.
    late = walls[0].context.new_page()
    late.goto(walls[0].url)
    expect(late.locator(".panel:visible")).to_have_count(2)


def test_closes_with_a_countdown_that_everybody_sees(phone: Page, walls: list[Page]) -> None:
    phone.get_by_text("Close it…").click()
    press(phone, "Close in 10 s")
    for wall in walls:
        expect(wall.locator("[data-left]")).to_have_text(re.compile(r"^([1-9]|10)$"))
        expect(wall.locator("[data-countdown]")).to_contain_text("Closes in")
    for wall in walls:
        expect(wall.locator("[data-phase]")).to_have_attribute("data-phase", "final", timeout=60_000)
        expect(wall.locator(".wall-way-in")).to_be_hidden()
    expect(phone.get_by_text("Close it…")).to_have_count(0, timeout=20_000)
