"""The form of a paper is open to all: axe finds nothing in any of its states."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from polls.models import Election
from tests.office.browser import DESKTOP, PHONE, chromium, open_office
from tests.office.test_admin import organiser
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium", "open_office", "organiser"]

pytestmark = [*needs_chromium, pytest.mark.urls("voting_site.urls.admin")]

ADD = "/admin/polls/election/add/"
# The policy of the pages forbids what axe does; other tests see to it that the pages keep to it.
LOOKED_AT = {"bypass_csp": True}
LOOKS = {
    "desktop": DESKTOP | {"locale": "en", "color_scheme": "light"},
    "phone": PHONE | {"locale": "es", "color_scheme": "dark"},
    "dark": DESKTOP | {"locale": "en", "color_scheme": "dark"},
    "light phone": PHONE | {"locale": "en", "color_scheme": "light"},
}


def fresh(page: Page) -> None:
    """Leave the form as it is loaded."""


def written(page: Page) -> None:
    page.locator("[name=contests-0-method]").select_option("approval")
    page.locator("[name=contests-0-option_lines]").fill("Tea\ntea\n" + "\n".join(f"Drink {n}" for n in range(20)))
    page.locator("[name=closes_at_2]").fill("1 January 2099 20:00")
    page.wait_for_selector("#contests-0 .option-list .wrong")
    page.wait_for_selector("[data-time=closes_at] [data-read-back]:text('2099')")


def changed(page: Page) -> None:
    """Fold one contest, remove one, and move one."""
    for _ in range(2):
        page.locator("[data-add]").click()
    page.locator("#contests-0 summary").click()
    page.locator("#contests-1 [data-remove]").click()
    page.locator("#contests-2 [data-up]").click()
    page.locator("[name=opens_at_2]").fill("soon")
    page.wait_for_selector("[data-time=opens_at] .wrong")


def refused(page: Page) -> None:
    page.locator("[name=closes_at_2]").fill("Sunday at 8")
    with page.expect_navigation():
        page.locator("[name=_save]").click()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("act", [fresh, written, changed, refused])
def test_has_no_violation(open_office: Callable[..., Page], look: str, act: Callable[[Page], None]) -> None:
    page = open_office(ADD, **LOOKED_AT, **LOOKS[look])
    act(page)
    expect_none(page)


def expect_none(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_has_none_of_a_paper_that_is_open(
    open_office: Callable[..., Page], organiser: Client, make_election: Callable[..., Election]
) -> None:
    election = make_election(contests=2)
    expect_none(open_office(reverse("admin:polls_election_change", args=[election.pk]), **LOOKED_AT))
