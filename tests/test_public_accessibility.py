"""Every page of voters and viewers is looked over by axe, and has targets that a finger finds."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.test_accessibility import fits, look_over, numbers, page, urna
from tests.voting_site.processes import Up

__all__ = ["numbers", "page", "urna"]

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("numbers")]

PUBLIC = {
    "the list of results": ("result", ""),
    "the results of an open one": ("result", "open/"),
    "the results of a scheduled one": ("result", "later/"),
    "the results of a cancelled one": ("result", "off/"),
    "the results of one with a roll": ("result", "coded/"),
    "a result that shows after the close": ("result", "counted/"),
    "a hidden result": ("result", "hidden/"),
    "a final result": ("result", "over/"),
    "a certified result": ("result", "certified/"),
    "the public protocol": ("result", "certified/protocol/"),
    "the page that checks receipts": ("result", "open/receipt/"),
    "the log of the installation": ("result", "installation.log/"),
    "a wall": ("result", "open/?view=wall"),
    "the wall of a scheduled election": ("result", "later/?view=wall"),
    "the wall of a cancelled election": ("result", "off/?view=wall"),
    "the wall of a hidden result": ("result", "hidden/?view=wall"),
    "the wall of a certified result": ("result", "certified/?view=wall"),
    "the list of votes": ("vote", "?all"),
    "a ballot": ("vote", "open/"),
    "the page that asks for a code": ("vote", "coded/"),
    "the ballot of a scheduled one": ("vote", "later/"),
    "the ballot of a cancelled one": ("vote", "off/"),
    "the ballot of one that is over": ("vote", "over/"),
}

# What one presses and is less than 44 pixels high or wide; links in the middle of a text may be.
SMALL = """() => Array.from(document.querySelectorAll("a[href], button, summary, select, input:not([type=hidden])"))
    .filter((one) => one.checkVisibility() && !one.closest(".unseen, .skip, p, li, .explanation, .protocol, dd"))
    .map((one) => [one.closest("label") ?? one, one])
    .map(([place, one]) => [place.getBoundingClientRect(), one])
    .filter(([{ width, height }]) => width < 43.5 || height < 43.5)
    .map(([, one]) => one.outerHTML.slice(0, 200))"""


def check_public(page: Page) -> None:
    """Look over a page for voters or viewers, whose targets are large as well."""
    assert look_over(page, {"rules": {"target-size": {"enabled": True}}}) == []
    assert page.evaluate(SMALL) == []
    assert fits(page)


@pytest.mark.parametrize("name", PUBLIC)
def test_axe_objects_to_nothing(page: Page, urna: Up, name: str) -> None:
    role, path = PUBLIC[name]
    answer = page.goto(f"http://127.0.0.1:{urna.ports[role]}/{path}")
    assert answer
    assert answer.status in (200, 410)
    check_public(page)


@pytest.mark.parametrize("role", ["vote", "result"])
def test_axe_objects_to_nothing_where_there_is_nothing(page: Page, urna: Up, role: str) -> None:
    answer = page.goto(f"http://127.0.0.1:{urna.ports[role]}/nothing-of-this-name/")
    assert answer
    assert answer.status == 404
    check_public(page)


def test_axe_objects_to_nothing_before_and_after_a_vote_nor_where_it_is_seen(page: Page, urna: Up) -> None:
    ballot = f"http://127.0.0.1:{urna.ports['vote']}/open/"
    page.goto(ballot)
    page.locator("form.ballot button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_public(page)
    for choice in ("q1", "q2", "q3"):
        page.locator(f"label:has([name={choice}])").first.click()
    page.locator("form.ballot button[type=submit]").click()
    expect(page).to_have_url(re.compile("/open/cast/$"))
    check_public(page)
    page.locator("a[href$='/cast/receipt/']").click()
    check_public(page)
    page.locator("a[href*='#open-']").click()
    # The record gives the entry its place within seconds.
    expect(page.locator("[data-opening], [data-again]").first).to_be_visible()
    if (again := page.locator("[data-again]")).is_visible():
        page.wait_for_timeout(2000)
        again.click()
    expect(page.locator("[data-opens=opened]")).to_be_visible()
    check_public(page)
    page.goto(f"http://127.0.0.1:{urna.ports['result']}/open/")
    # The plot, its table, and all that is told of methods.
    expect(page.locator("[data-pace]")).to_be_visible(timeout=20_000)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    check_public(page)


def test_axe_objects_to_nothing_while_the_line_is_lost(page: Page, urna: Up) -> None:
    page = page.context.new_page()
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close(code=3000))
    page.route("**/results.json", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{urna.ports['result']}/open/")
    expect(page.locator("[data-link=lost]")).to_be_visible()
    expect(page.locator("[data-stale]")).to_be_visible(timeout=20_000)
    check_public(page)
    page.unroute("**/results.json")
    expect(page.locator("[data-link=asking]")).to_be_visible(timeout=20_000)
    check_public(page)
    page.close()
