"""Each flow of the office in a real browser, on a phone and on a desktop, as a manager goes through it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.office.browser import DESKTOP, PHONE, make_content, urna
from tests.test_whole_way import vote
from tests.voting_site.processes import Up

__all__ = ["urna"]

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery staple"
SIZES: dict[str, Any] = {"phone": PHONE, "desktop": DESKTOP}
ELECTIONS = "/admin/polls/election/"
# Pixels. What is pressed in the aisle is as high as a thumb is wide.
THUMB = 40
# For what a worker does; a loaded machine needs many seconds.
PATIENCE_MS = 60_000


@dataclass
class Office:
    """The pages of the office on one size of screen; each page that is loaded has to fit."""

    page: Page
    urna: Up
    size: str
    numbers: dict[str, int]

    def open(self, slug: str) -> None:
        """Open the page of an election that was made for this size."""
        self.go(f"{ELECTIONS}{self.numbers[self.slug(slug)]}/")

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def slug(self, slug: str) -> str:
        return f"{slug}-{self.size}"

    def press(self, what: Locator) -> None:
        """Press something that leads to another page."""
        with self.page.expect_navigation():
            self.touch(what)
        self.look()

    def touch(self, what: Locator) -> None:
        if self.size == "phone":
            what.tap()
        else:
            what.click()

    def button(self, name: str) -> Locator:
        """Return a button or what looks like one; it has the size of a thumb."""
        content = self.page.locator("#content")
        link = content.get_by_role("link", name=name, exact=True)
        found = content.get_by_role("button", name=name, exact=True).or_(link)
        box = found.bounding_box()
        assert box
        assert box["height"] >= THUMB, (name, box)
        return found

    def look(self) -> None:
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url

    def read(self, text: str) -> None:
        """Wait until a text is in sight."""
        expect(self.page.locator("#main").get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def ballot(self, slug: str) -> str:
        return f"http://127.0.0.1:{self.urna.ports['vote']}/{self.slug(slug)}/"

    def status_for_voters(self, slug: str) -> int:
        """Return what the address of a ballot answers."""
        return self.page.request.get(self.ballot(slug)).status

    @contextmanager
    def as_voter(self, slug: str) -> Iterator[Page]:
        """Open the ballot of an election in another window."""
        window = self.page.context.new_page()
        window.goto(self.ballot(slug))
        assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
        yield window
        window.close()


@pytest.fixture(scope="module")
def numbers(urna: Up) -> dict[str, int]:
    return make_content(urna, f"make_for_flows({PASSWORD!r}, {list(SIZES)})")


@pytest.fixture(scope="module", params=SIZES)
def office(chromium: Browser, urna: Up, numbers: dict[str, int], request: pytest.FixtureRequest) -> Iterator[Office]:
    """The office of a manager who has signed in; errors of its scripts fail the test."""
    base_url = f"http://127.0.0.1:{urna.ports['admin']}"
    context = chromium.new_context(base_url=base_url, locale="en", **SIZES[request.param])
    context.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    office = Office(context.new_page(), urna, request.param, numbers)
    office.page.goto("/admin/login/")
    sign_in(office.page)
    yield office
    context.close()
    assert not errors


def sign_in(page: Page) -> None:
    page.fill("#id_username", "mia")
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.locator("input[type=submit]").click()


def test_a_file_becomes_a_draft_and_a_draft_a_file(office: Office, tmp_path: Path) -> None:
    paper = {"title": f"From a file, {office.size}", "contests": [{"options": [{"label": "Ana"}, {"label": "Bea"}]}]}
    office.go(ELECTIONS)
    office.press(office.page.get_by_role("link", name="Make a draft of a file"))
    file = tmp_path / "paper.json"
    for content, said in (("{", "The file is no JSON in UTF-8"), (json.dumps(paper), "This draft was made of the")):
        file.write_text(content)
        office.page.get_by_label("File").set_input_files(file)
        office.press(office.button("Make the draft"))
        office.read(said)
    with office.page.expect_download() as download:
        office.touch(office.button("Save the paper as a file"))
    saved = json.loads(download.value.path().read_text())
    labels = [one["label"] for one in saved["contests"][0]["options"]]
    assert (saved["title"], labels) == (paper["title"], ["Ana", "Bea"])


def test_a_draft_is_previewed_and_published(office: Office) -> None:
    assert office.status_for_voters("draft") == 404
    office.open("draft")
    office.press(office.button("Preview"))
    ballot = office.page.frame_locator("iframe[title='As on a phone']")
    for label in ("Ana", "Yes", "3"):
        ballot.get_by_label(label).check()
    ballot.get_by_role("button", name="Vote").click()
    expect(ballot.get_by_text("This ballot would be accepted.")).to_be_visible()
    office.press(office.page.locator("#content").get_by_role("link", name="Results", exact=True))
    results = office.page.frame_locator("iframe[title='As on a desktop']")
    expect(results.get_by_text("These numbers are invented.")).to_be_visible()
    office.press(office.button("Back to the election"))
    office.press(office.button("Publish…"))
    office.read("It has no closing time: it stays open until somebody closes it.")
    office.press(office.button("Publish"))
    office.read("Published.")
    expect(office.page.locator(".phase")).to_have_text("Open")
    # The preview is counted nowhere.
    expect(office.page.locator(".phase-line")).to_contain_text("0 ballots counted")
    assert office.status_for_voters("draft") == 200


def test_an_election_is_closed_from_the_aisle(office: Office) -> None:
    office.open("aisle")
    with office.as_voter("aisle") as voter:
        for label in ("No", "4"):
            voter.get_by_label(label, exact=True).check()
        vote(voter, "Ana")
        voter.wait_for_url("**/cast/")
    expect(office.page.locator(".phase-line")).to_contain_text("1 ballot counted")  # without a reload
    office.press(office.button("Close now…"))
    office.press(office.button("No, go back"))
    office.press(office.button("Close now…"))
    office.press(office.button("Close now"))
    office.read("Closed. Every ballot is counted.")
    assert office.status_for_voters("aisle") == 410
    # Once it is final, the page shows the results in the place of what can be done.
    chair = office.page.get_by_role("table", name="Chair")
    expect(chair.get_by_role("row", name="Ana")).to_contain_text("100.0", timeout=PATIENCE_MS)


def test_an_election_is_cancelled_with_a_reason(office: Office) -> None:
    office.open("later")
    office.press(office.button("Cancel the election…"))
    office.touch(office.button("Cancel the election"))  # the browser asks for the reason, and stays
    office.page.get_by_label("Reason").fill("The hall is closed.")
    office.press(office.button("Cancel the election"))
    office.read("Cancelled. Its page shows the reason.")
    with office.as_voter("later") as voter:
        expect(voter.get_by_text("The hall is closed.")).to_be_visible()


def test_a_typo_is_mended(office: Office) -> None:
    office.open("typo")
    with office.as_voter("typo") as before:
        office.press(office.button("Mend a typo…"))
        office.press(office.page.get_by_role("link", name="From here"))
        office.page.locator("#id_new").fill("From the old town")
        office.press(office.button("Next"))
        expect(office.page.get_by_role("deletion")).to_have_text("From here")
        office.press(office.button("Mend it"))
        office.read("Mended.")
        # Who had the old ballot open gets a fresh one, filled in.
        for label in ("Yes", "3"):
            before.get_by_label(label, exact=True).check()
        vote(before, "Ana")
        expect(before.get_by_text("The ballot has changed since you opened this page.")).to_be_visible()
        expect(before.get_by_text("From the old town")).to_be_visible()
        expect(before.get_by_label("Yes")).to_be_checked()


def test_a_copy_is_made_and_deleted(office: Office) -> None:
    office.open("typo")
    office.press(office.button("Duplicate"))
    title = f"Typo-{office.size.title()} (copy)"
    expect(office.page.get_by_label("Title")).to_have_value(title)
    office.press(office.button("Save the draft"))
    office.read("The draft is saved.")
    office.press(office.button("Delete the draft"))
    office.press(office.page.get_by_role("button", name=re.compile("^(Yes, I’m sure|Delete the draft)$")))
    office.go(ELECTIONS)
    expect(office.page.get_by_role("link", name=title)).to_have_count(0)


def test_several_are_closed_and_archived_at_once(office: Office) -> None:
    titles = [f"{word}-{office.size.title()}" for word in ("Tea", "Coffee")]

    def act_on_both(action: str, button: str) -> None:
        office.go(ELECTIONS)
        for title in titles:
            office.touch(office.page.get_by_role("row", name=title).get_by_role("checkbox"))
        office.page.locator("select[name=action]").select_option(label=action)
        office.press(office.page.get_by_role("button", name="Go"))
        expect(office.page.locator("#content").get_by_role("listitem")).to_have_count(2)
        office.press(office.button(button))
        office.read("Done with 2 elections.")

    act_on_both("Close the chosen elections now", "Close now")
    for slug in ("tea", "coffee"):
        assert office.status_for_voters(slug) == 410
        office.open(slug)
        expect(office.page.locator(".phase")).to_have_text("Final", timeout=PATIENCE_MS)
    act_on_both("Archive the chosen elections", "Archive")
    for title in titles:
        expect(office.page.get_by_role("link", name=title)).to_have_count(0)
    office.go(f"{ELECTIONS}?phase=archived")
    for title in titles:
        expect(office.page.get_by_role("link", name=title)).to_be_visible()


def test_a_member_gets_a_link_signs_in_and_leaves(office: Office, chromium: Browser) -> None:
    name = office.slug("leo")
    office.go("/admin/")
    office.press(office.button("Members"))
    office.page.get_by_label("User name or e-mail address").fill(name)
    office.page.locator("#id_role").select_option("operator")
    office.press(office.button("Add"))
    link = office.page.get_by_label("Link").input_value()
    expect(office.page.get_by_role("button", name="Copy")).to_be_visible()  # the script of the page has run
    base_url = office.page.url.partition("/admin/")[0]
    with chromium.new_context(base_url=base_url, locale="en", **SIZES[office.size]) as context:
        leos = context.new_page()
        leos.goto(link)
        for field in ("new_password1", "new_password2"):
            leos.locator(f"input[name={field}]").fill(PASSWORD)
        leos.get_by_role("button", name="Save and sign in").click()
        leos.wait_for_url("**/admin/")
        leos.goto(f"{ELECTIONS}{office.numbers[office.slug('typo')]}/")
        expect(leos.get_by_role("link", name="Close now…")).to_be_visible()
        expect(leos.get_by_role("button", name="Duplicate")).to_have_count(0)
    office.press(office.button("Back to the members"))
    leo = office.page.get_by_role("listitem").filter(has_text=name)
    leo.get_by_role("combobox").select_option("auditor")
    office.press(leo.get_by_role("button", name="Change the role"))
    office.read(f"“{name}” has another role now.")
    office.press(leo.get_by_role("link", name="Remove…"))
    office.press(office.button("Remove"))
    office.read(f"“{name}” is no member of “Urna” any more.")


def test_what_was_typed_outlives_a_session(office: Office) -> None:
    office.go(f"{ELECTIONS}add/")
    title = f"Typed on a {office.size}"
    office.page.get_by_label("Title").fill(title)
    office.page.locator("[name=contests-0-option_lines]").fill("Yes\nNo")
    signed_in = office.page.context.cookies()
    office.page.context.clear_cookies(name=re.compile("session"))
    try:
        office.press(office.button("Save the draft"))
        office.read("Your session had ended, so nothing was done yet.")
        sign_in(office.page)
        office.read(title)
        office.press(office.button("Send it now"))
        office.read("Saved as a draft, which voters do not see.")
        expect(office.page.get_by_role("heading", name=title, level=1)).to_be_visible()
    finally:
        office.page.context.add_cookies(signed_in)  # type: ignore[arg-type]
