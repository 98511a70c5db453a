"""Each method in a real browser: from the ballot, on a phone and without JavaScript, to the certified result."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browsers import DESKTOP, Visitor, Visitors
from tests.test_whole_way import pytestmark, urna
from tests.voting_site.processes import Up, wait_until

__all__ = ["pytestmark", "urna"]

PEOPLE = ("Ana", "Bea", "Carlo", "Dora")
RANKED = {"irv": 1, "stv": 2, "schulze": 1, "borda": 1}
SCORED = {"score": 1, "star": 1, "majority-judgment": 1}
# What the page of the result says after two ballots of Bea before Ana.
TOLD = {
    "irv": "Round 1: Bea had 2 of 2 votes, more than half, and is elected.",
    "stv": "Elected with the quota: Bea with 2 votes.",
    "schulze": "Compared one by one, Bea beats each other option.",
    "borda": "The points: Bea 8; Ana 6; Carlo 0; Dora 0.",
    "score": "The totals: Bea 10; Ana 6; Carlo 0; Dora 0. The highest one wins.",
    "star": "Runoff 1: Bea against Ana. 2 scored Bea higher, 0 scored Ana higher. Bea is elected.",
    "majority-judgment": "1. Bea: the median grade is “Excellent”; 2 gave this grade or a better one.",
    "approval-committee": "Seat 1: Bea had the most approvals, 2.",
    "plurality": "2",
    "approval": "2",
    "motion": "carried",
}
# Of these the numbers alone say how they are counted.
WITHOUT_WORKING = ("plurality", "approval", "motion")


def question(method: str, options: tuple[str, ...] = PEOPLE) -> dict[str, Any]:
    """Return a contest as a paper in a file has it; its key is the method."""
    seats = 2 if method in ("stv", "approval-committee") else 1
    rules = {}
    if method == "motion":
        options, rules = options[1:], {"yes": "bea", "no": "carlo", "abstain": "dora"}
    labels = [{"label": label} for label in options]
    title = f"Who by {method}?"
    return {"key": method, "title": title, "method": method, "seats": seats, "rules": rules, "options": labels}


def publish(urna: Up, folder: Path, slug: str, *questions: dict[str, Any]) -> str:
    """Publish an election, and return the address of its ballot."""
    paper = folder / "paper.json"
    paper.write_text(json.dumps({"title": "Who?", "slug": slug, "contests": questions}))
    urna.call("import_election", str(paper), "--publish")
    return f"http://127.0.0.1:{urna.ports['vote']}/{slug}/"


def mark(contest: Locator, method: str) -> None:
    """Put Bea before Ana, without any script."""
    if method in RANKED:
        contest.get_by_label("Bea", exact=True).select_option("1")
        contest.get_by_label("Ana", exact=True).select_option("2")
    elif method in SCORED:
        for name, score in (("Bea", 5), ("Ana", 3)):
            contest.get_by_role("group", name=name, exact=True).locator(f'input[value="{score}"]').check()
    else:
        contest.get_by_label("Bea").check()


def send(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Vote|Change my vote)$")).click()
    page.wait_for_url("**/cast/")


def violations(page: Page) -> list[Any]:
    """Return what axe finds on a page, each with the elements."""
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]]


def ranking(within: Page | Locator) -> list[str]:
    """Return the labels in the order in which they are ranked."""
    return within.locator("ol.ranks [data-label]").all_inner_texts()


def test_each_method_goes_from_the_ballot_to_the_certified_result(
    urna: Up, visitors: Visitors, visitor: Visitor, tmp_path: Path
) -> None:
    """One paper has a question for each: so pages are loaded and looked over once."""
    ballot = publish(urna, tmp_path, "each", *map(question, TOLD))
    results = ballot.replace(str(urna.ports["vote"]), str(urna.ports["result"]))
    wall = visitors.get(**DESKTOP, locale="en", color_scheme="dark").new_page()
    wall.goto(results)
    expect(wall.get_by_text("No ballot has marked an option yet.")).to_have_count(len(TOLD) - len(WITHOUT_WORKING))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()

    phone = visitor.new_page()
    phone.goto(ballot)
    for method in TOLD:
        contest = phone.locator(f"#{method}")
        mark(contest, method)
        if method in RANKED:
            assert ranking(contest) == ["Bea", "Ana"], method
            expect(contest.get_by_text("1 Bea, 2 Ana; Carlo, Dora are not ranked.")).to_be_visible()
    assert violations(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    send(phone)

    plain = visitors.get(**DESKTOP, locale="en", java_script_enabled=False).new_page()
    plain.goto(ballot)
    for method in TOLD:
        mark(plain.locator(f"#{method}"), method)
    send(plain)

    def expect_told(page: Page) -> None:
        for method, told in TOLD.items():
            contest = page.locator(f'[data-contest="{method}"]')
            expect(contest.get_by_text(told, exact=method in WITHOUT_WORKING)).to_be_visible(timeout=15_000)

    # It comes without a reload, and is there without a script.
    expect_told(wall)
    assert violations(wall) == []
    plain.goto(results)
    expect_told(plain)
    phone.goto(results)
    assert violations(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    urna.call("close_election", "each")
    for method in TOLD:
        bea = wall.locator(f'[data-contest="{method}"] [data-key="bea"]')
        expect(bea).to_have_attribute("data-standing", "winner")

    state = "from polls.models import Election; print(Election.objects.get(slug='each').state)"
    wait_until(lambda: urna.execute(state).strip() == "final", "the count is final")
    urna.call("certify_election", "each")
    plain.goto(results)
    plain.get_by_role("link", name="Protocol", exact=True).click()
    for method, told in TOLD.items():
        contest = plain.locator("section.contest", has=plain.get_by_role("heading", name=f"Who by {method}?"))
        expect(contest.get_by_text(told, exact=method in WITHOUT_WORKING)).to_be_visible()
        expect(contest.locator('[data-key="bea"]')).to_have_attribute("data-standing", "winner")
    phone.goto(plain.url)
    assert violations(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def many(urna: Up, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The ballot of an election with 30 options."""
    options = tuple(f"Option {number}" for number in range(1, 31))
    return publish(urna, tmp_path_factory.mktemp("many"), "many", question("schulze", options))


class TestRanking:
    def test_is_made_by_pressing_and_unmade(self, many: str, visitor: Visitor) -> None:
        page = visitor.new_page()
        page.goto(many)
        for number in (30, 7, 12):
            page.get_by_role("button", name=f"Add Option {number} to the ranking").click()
        assert ranking(page) == ["Option 30", "Option 7", "Option 12"]
        page.get_by_role("button", name="Take Option 7 out of the ranking").click()
        assert ranking(page) == ["Option 30", "Option 12"]
        expect(page.locator("[data-said]")).to_have_text("Option 7 is not ranked any more")
        # It is back at its old place.
        assert page.locator("ul.ranks [data-label]").nth(6).inner_text() == "Option 7"

    def test_is_changed_with_the_keyboard_and_says_so(self, many: str, visitor: Visitor) -> None:
        page = visitor.new_page()
        page.goto(many)
        for number in (1, 2, 3):
            page.get_by_role("button", name=f"Add Option {number} to the ranking").press("Enter")
        grip = page.get_by_role("button", name=re.compile("^Move Option 3:"))
        grip.press("ArrowUp")
        expect(grip).to_be_focused()
        expect(page.locator("[data-said]")).to_have_text("Option 3: rank 2 of 3")
        grip.press("ArrowUp")
        grip.press("ArrowUp")
        assert ranking(page) == ["Option 3", "Option 1", "Option 2"]
        assert page.get_by_label("Option 3", exact=True).input_value() == "1"

    def test_is_changed_by_dragging(self, many: str, visitor: Visitor) -> None:
        page = visitor.new_page()
        page.goto(many)
        for number in (1, 2, 3, 4):
            page.get_by_role("button", name=f"Add Option {number} to the ranking").click()
        grip = page.get_by_role("button", name=re.compile("^Move Option 4:"))
        first = page.locator("ol.ranks > li").first
        start, end = grip.bounding_box(), first.bounding_box()
        assert start
        assert end
        page.mouse.move(start["x"] + 20, start["y"] + 20)
        page.mouse.down()
        page.mouse.move(start["x"] + 20, end["y"] + 4, steps=8)
        page.mouse.up()
        assert ranking(page) == ["Option 4", "Option 1", "Option 2", "Option 3"]
        assert page.locator("[style*=translate]").count() == 0

    def test_of_equals_is_read_by_their_order(self, many: str, visitor: Visitor) -> None:
        page = visitor.new_page()
        page.goto(many)
        for number in (1, 2, 3):
            page.get_by_role("button", name=f"Add Option {number} to the ranking").click()
        page.get_by_role("button", name="Option 2 has the same rank as the one above").click()
        expect(page.locator("[data-summary]")).to_contain_text("1 Option 1, 1 Option 2, 2 Option 3; ")
        page.get_by_role("button", name="Take Option 1 out of the ranking").click()
        expect(page.locator("[data-summary]")).to_contain_text("1 Option 2, 2 Option 3; ")
        send(page)

    def test_comes_back_filled_in_with_the_reason(self, urna: Up, visitors: Visitors, tmp_path: Path) -> None:
        ballot = publish(urna, tmp_path, "filled-in", question("irv", (*PEOPLE, "Emil")))
        page = visitors.get(**DESKTOP, locale="en", java_script_enabled=False).new_page()
        page.goto(ballot)
        page.get_by_label("Ana").select_option("1")
        page.get_by_label("Bea").select_option("1")
        page.get_by_role("button", name="Vote").click()
        expect(page.get_by_text("“Ana” and “Bea” both have rank 1. Give each a rank of its own.")).to_be_visible()
        expect(page.get_by_text("1 Ana, 1 Bea; Carlo, Dora, Emil are not ranked.")).to_be_visible()
        page.get_by_label("Bea").select_option("2")
        send(page)
