"""How much a paper costs its organiser: clicks and key presses besides the texts, and time, from an empty office on."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from polls import ballot_box
from polls.models import Election
from tests.office.browser import PHONE, chromium, open_office
from tests.office.test_admin import organiser
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium", "open_office", "organiser"]

pytestmark = [*needs_chromium, pytest.mark.urls("voting_site.urls.admin")]

MOST_PRESSES = 40
MOST_SECONDS = 180
# Seconds that people take, by the keystroke-level model of Card, Moran and Newell (1980): to think what comes next, to
# point at it and press, and to type a character as somebody who does not do it all day.
THINKING, POINTING, TYPING = 1.35, 1.3, 0.28

CANDIDATES = [
    "Ana Ruiz", "Bea Soler", "Carlo Vidal", "Dora Pons", "Eva Marín", "Fidel Costa", "Gema Rey", "Hugo Lara",
    "Inés Gil",
]  # fmt: skip
PLACES = [f"Place {number}" for number in range(1, 61)]
COUNT_CLICKS = """addEventListener("click", (event) => {
    if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true)"""


class Hand:
    """An organiser's hand, with mouse and keyboard or on a phone; it counts what it does."""

    def __init__(self, page: Page, *, touches: bool) -> None:
        self.page, self.touches = page, touches
        self.presses, self.characters = 0, 0

    def press(self, what: Locator) -> None:
        self.presses += 1
        if self.touches:
            what.tap()
        else:
            what.click()

    def choose(self, what: Locator, value: str) -> None:
        """Open a list, and choose from it."""
        self.presses += 2
        what.select_option(value)

    def type(self, text: str) -> None:
        """Type where the caret is."""
        self.characters += len(text)
        self.page.keyboard.type(text)

    def write(self, what: Locator, text: str) -> None:
        self.press(what)
        self.type(text)

    def replace(self, what: Locator, text: str) -> None:
        """Write in the place of what stands there: press once to get there, and twice to mark it."""
        self.presses += 2
        self.press(what)
        what.select_text()
        self.type(text)

    def paste(self, what: Locator, text: str) -> None:
        self.press(what)
        # Two keys, or two taps.
        self.presses += 2
        self.page.keyboard.insert_text(text)

    @property
    def seconds(self) -> float:
        return self.presses * (THINKING + POINTING) + self.characters * TYPING


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
def test_a_paper_of_three_questions_is_written_and_published(
    open_office: Callable[..., Page], size: dict[str, object], tell: Callable[[str], None]
) -> None:
    page = open_office("/admin/", **size)
    page.add_init_script(COUNT_CLICKS)
    hand, begun = Hand(page, touches=bool(size)), time.monotonic()

    def field(contest: int, name: str) -> Locator:
        return page.locator(f"[name=contests-{contest}-{name}]")

    hand.press(page.get_by_role("link", name="Add an election"))
    hand.write(page.get_by_label("Title"), "Annual meeting")
    hand.write(page.get_by_role("group", name="Closes").get_by_label("or in words"), "in 2 hours")

    hand.write(field(0, "title"), "Shall we move to the old town hall?")
    hand.choose(field(0, "method"), "motion")
    hand.write(field(0, "option_lines"), "Yes\nNo\nAbstain")

    hand.press(page.get_by_role("button", name="Add a question"))
    hand.type("Board")
    hand.choose(field(1, "method"), "approval")
    hand.write(field(1, "option_lines"), "\n".join(CANDIDATES))
    hand.replace(field(1, "seats"), "5")

    hand.press(page.get_by_role("button", name="Add a question"))
    hand.type("Where to go")
    hand.choose(field(2, "method"), "approval")
    hand.paste(field(2, "option_lines"), "\n".join(PLACES))

    hand.press(page.get_by_role("button", name="Save the draft"))
    hand.press(page.get_by_role("link", name="Publish…"))
    hand.press(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text("Published.")).to_be_visible()
    machine = time.monotonic() - begun

    election = Election.objects.get()
    definition = ballot_box.read_definition(election.slug)[0]
    assert definition is not None
    assert [(one.method, one.seats, len(one.options)) for one in definition.contests] == [
        ("motion", 1, 3), ("approval", 5, 9), ("approval", 1, 60),
    ]  # fmt: skip
    assert definition.closes_at is not None
    # What the browser has seen is not more than what was counted.
    assert int(page.evaluate("sessionStorage.clicks")) <= hand.presses
    tell(
        f"a paper of three questions{' on a phone' if size else ''}: {hand.presses} clicks and key presses besides "
        f"{hand.characters} typed characters, {hand.seconds + machine:.0f} s"
    )
    assert hand.presses <= MOST_PRESSES
    assert hand.seconds + machine < MOST_SECONDS
