"""A kiosk in a real browser: one voter after the other, and nothing of the last one is left."""

import json
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browsers import Visitors
from tests.test_whole_way import pytestmark, urna
from tests.voting_site.processes import Up

__all__ = ["pytestmark", "urna"]

SLUG = "board"
PAPER = {
    "title": "Board",
    "slug": SLUG,
    "eligibility": "roll",
    "contests": [{"key": "q1", "title": "Chair", "options": [{"label": "Ana"}, {"label": "Bea"}]}],
}
MAKE = f"""
from office.acts import Publish
from office.paper_pages import make_draft
from office.roll_acts import AddEntry
import json
election = make_draft({PAPER!r})
made = []
for name in ("Ulla", "Vera", "Wim"):
    act = AddEntry(election, {{"name": name}})
    act.perform(by=None)
    made.append(act.code)
Publish(election).perform(by=None)
print("CODES", json.dumps(made))
"""
OPEN = f"""
from office.kiosk_acts import OpenKiosk
from polls.models import Election
act = OpenKiosk(Election.objects.get(slug={SLUG!r}), "Hall")
act.perform(by=None)
print("CODE", act.code)
"""
ANA = 'input[value="ana"]'


@pytest.fixture(scope="module")
def cards(urna: Up) -> list[str]:
    found: list[str] = json.loads(re.findall("CODES (.*)", urna.execute(MAKE))[0])
    return found


LOOKS = {
    "phone": {"viewport": {"width": 380, "height": 740}, "locale": "en"},
    "tablet": {"viewport": {"width": 1280, "height": 800}, "locale": "es", "color_scheme": "dark"},
}


@pytest.fixture(params=LOOKS)
def kiosk(urna: Up, cards: list[str], visitors: Visitors, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of a device that has become a kiosk by the square on an operator's screen."""
    code = re.findall("CODE (.*)", urna.execute(OPEN))[0]
    page = visitors.get(**LOOKS[request.param]).new_page()
    page.goto(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/kiosk/#{code}")
    expect(page.locator(".at-kiosk #code")).to_be_focused()
    assert page.url.endswith(f"/{SLUG}/")
    yield page
    # The clock of a page that was stopped is that of its context.
    page.clock.resume()


def scan(page: Page, code: str) -> None:
    """Type as a scanner does that is plugged in like a keyboard, wherever the focus is."""
    page.keyboard.type(f"https://vote.example.org/board/#{code}")
    page.keyboard.press("Enter")


def vote(page: Page) -> None:
    page.locator(ANA).check()
    page.locator("form.ballot button[type=submit]").click()
    expect(page.locator(".receipt.done h1")).to_be_visible()


def test_one_voter_follows_the_other(kiosk: Page, cards: list[str]) -> None:
    scan(kiosk, cards[0])
    vote(kiosk)
    # The next one does not wait.
    scan(kiosk, cards[1])
    expect(kiosk.locator(ANA)).not_to_be_checked()
    vote(kiosk)
    expect(kiosk.locator("[data-next]")).to_have_text(re.compile(r"\([0-9]\)"))
    kiosk.locator("[data-next]").click()
    expect(kiosk.locator("#code")).to_have_value("")


def test_the_confirmation_goes_by_itself(kiosk: Page, cards: list[str]) -> None:
    scan(kiosk, cards[0])
    vote(kiosk)
    expect(kiosk.locator("#code")).to_be_focused(timeout=15_000)


def test_the_way_back_shows_neither_ballot_nor_choice(kiosk: Page, cards: list[str]) -> None:
    scan(kiosk, cards[0])
    vote(kiosk)
    kiosk.locator("[data-next]").click()
    expect(kiosk.locator("#code")).to_be_visible()
    for _step in range(4):
        kiosk.go_back()
        kiosk.wait_for_load_state()
        expect(kiosk.locator(".at-kiosk")).to_be_visible()
        expect(kiosk.locator("form.ballot")).to_have_count(0)
        if not kiosk.evaluate("navigation.canGoBack"):
            break
    kiosk.reload()
    expect(kiosk.locator("form.ballot")).to_have_count(0)


def test_a_ballot_that_is_loaded_again_asks_for_the_card(kiosk: Page, cards: list[str]) -> None:
    scan(kiosk, cards[0])
    kiosk.locator(ANA).check()
    kiosk.reload()
    expect(kiosk.locator("#code")).to_be_visible()
    expect(kiosk.locator("form.ballot")).to_have_count(0)


def test_a_ballot_that_was_left_is_cleared_after_a_warning(kiosk: Page, cards: list[str]) -> None:
    kiosk.clock.install()
    scan(kiosk, cards[0])
    kiosk.locator(ANA).check()
    kiosk.clock.fast_forward("01:35")
    dialog = kiosk.locator("dialog.idle")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[data-seconds]")).to_have_text(re.compile("^2[0-9]$"))
    assert Axe().run(kiosk).response["violations"] == []
    dialog.locator("[data-stay]").click()
    expect(dialog).to_be_hidden()
    expect(kiosk.locator(ANA)).to_be_checked()
    kiosk.clock.fast_forward("02:05")
    expect(kiosk.get_by_role("alert")).to_be_visible()
    expect(kiosk.locator("#code")).to_have_value("")
    kiosk.clock.fast_forward("00:50")
    expect(kiosk.get_by_role("alert")).to_have_count(0)


def test_a_card_before_the_ballot_of_somebody_who_left_casts_nothing(kiosk: Page, cards: list[str]) -> None:
    scan(kiosk, cards[2])
    kiosk.locator(ANA).check()
    scan(kiosk, cards[1])
    expect(kiosk.locator("form.ballot")).to_be_visible()
    expect(kiosk.locator(".notice.good")).to_have_count(0)


def test_what_was_half_typed_does_not_stay(kiosk: Page, cards: list[str]) -> None:
    kiosk.clock.install()
    kiosk.reload()
    kiosk.locator("#code").fill(cards[0][:12])
    kiosk.clock.fast_forward("00:50")
    expect(kiosk.locator("#code")).to_have_value("")


def test_axe_objects_to_nothing(kiosk: Page, cards: list[str], urna: Up) -> None:
    def look_over() -> None:
        assert Axe().run(kiosk).response["violations"] == []
        assert kiosk.evaluate("document.documentElement.scrollWidth <= innerWidth")

    look_over()
    scan(kiosk, cards[0])
    expect(kiosk.locator("form.ballot")).to_be_visible()
    look_over()
    vote(kiosk)
    look_over()
    kiosk.goto(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/kiosk/")
    look_over()
    end = f"EndKiosk(Election.objects.get(slug={SLUG!r}), len(Election.objects.get(slug={SLUG!r}).kiosks))"
    urna.execute(f"from office.kiosk_acts import EndKiosk; from polls.models import Election; {end}.perform(by=None)")
    kiosk.goto(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/")
    expect(kiosk.locator("#code")).to_have_count(0)
    look_over()
