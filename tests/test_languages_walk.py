"""A paper in three languages in a real browser: voters in each, an error in each, and the results in each."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import Visitor, Visitors
from tests.test_accessibility import fits, look_over
from tests.test_whole_way import pytestmark, urna
from tests.voting_site.processes import Up

__all__ = ["pytestmark", "urna"]

SLUG = "asamblea"
PHONE = {"width": 380, "height": 740}


def worded(name: str, own: str, **others: str) -> dict[str, Any]:
    """Return a text of a paper in a file, with its other languages."""
    return {name: own, "translations": {code: {name: text} for code, text in others.items()}}


PAPER = {
    **worded("title", "Asamblea", de="Versammlung", ar="الجمعية العمومية"),
    "slug": SLUG,
    "language": "es",
    "contests": [
        {
            **worded("title", "¿Nos mudamos?", de="Ziehen wir um?", ar="هل ننتقل؟"),
            "options": [worded("label", "Sí", de="Ja", ar="نعم"), worded("label", "No", de="Nein", ar="لا")],
        },
        {
            # It has no Arabic.
            **worded("title", "Viaje", de="Ausflug"),
            "method": "irv",
            "options": [worded("label", "Mar", de="Meer", ar="البحر"), worded("label", "Monte", de="Gebirge")],
        },
    ],
}
# Title, the option that is chosen, and the question that is left out, as each reads them.
READ = {
    "es": ("Asamblea", "Sí", "Viaje"),
    "de": ("Versammlung", "Ja", "Ausflug"),
    "ar": ("الجمعية العمومية", "نعم", "Viaje"),
}


@pytest.fixture(scope="module")
def addresses(urna: Up, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The election's pages, by role."""
    paper: Path = tmp_path_factory.mktemp("paper") / "paper.json"
    paper.write_text(json.dumps(PAPER))
    urna.call("import_election", str(paper), "--publish")
    return {role: f"http://127.0.0.1:{urna.ports[role]}/{SLUG}/" for role in ("vote", "result")}


def send(page: Page) -> None:
    page.locator("form.ballot button[type=submit]").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("language", READ)
def test_voters_read_the_paper_in_their_language_also_with_an_error(
    visitors: Visitors, addresses: dict[str, str], language: str, scripts: bool
) -> None:
    title, yes, left_out = READ[language]
    scheme = "light" if scripts else "dark"
    reader = visitors.get(viewport=PHONE, locale=language, java_script_enabled=scripts, color_scheme=scheme)
    page = reader.new_page()
    page.goto(addresses["vote"])
    expect(page.locator("h1")).to_have_text(title)
    if scripts:
        assert look_over(page) == []
        assert fits(page)
    page.get_by_label(yes, exact=True).check()
    send(page)
    error = page.locator("#error")
    expect(error).to_contain_text(left_out)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.get_by_label(yes, exact=True)).to_be_checked()
    page.locator("#q2 select").first.select_option("1")
    send(page)
    page.wait_for_url("**/cast/")
    expect(page.get_by_text(title)).to_be_visible()

    page.goto(addresses["result"])
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator('[data-contest="q1"] [data-key="si"]')).to_contain_text(yes)
    expect(page.locator('[data-contest="q1"] [data-key="si"] [data-count]')).not_to_have_text("0")
    if scripts:
        assert look_over(page) == []
        assert fits(page)


def test_what_is_marked_goes_along_to_a_language_that_the_pages_do_not_have(
    visitor: Visitor, addresses: dict[str, str]
) -> None:
    page = visitor.new_page()
    page.goto(addresses["vote"])
    expect(page.locator("h1")).to_have_text("Asamblea")
    page.get_by_label("No", exact=True).check()
    page.get_by_role("link", name="العربيّة").click()
    expect(page.locator("h1")).to_have_text(READ["ar"][0])
    expect(page.get_by_label("لا", exact=True)).to_be_checked()
    assert page.locator('h2[lang="es"]').inner_text() == "Viaje"
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_label("Nein", exact=True)).to_be_checked()
    # It is remembered, and nothing was cast meanwhile.
    page.goto(addresses["vote"])
    expect(page.locator("h1")).to_have_text("Versammlung")
    expect(page.get_by_text("You have voted.")).to_have_count(0)
    page.goto(addresses["result"])
    expect(page.locator("h1")).to_have_text("Versammlung")


def test_a_vote_moves_the_bar_in_another_language_and_leaves_its_words(
    visitors: Visitors, visitor: Visitor, addresses: dict[str, str]
) -> None:
    wall = visitors.get(viewport={"width": 1280, "height": 800}, locale="de").new_page()
    wall.goto(addresses["result"])
    expect(wall.get_by_text(re.compile("^(Live|En vivo)$"))).to_be_visible()
    count = wall.locator('[data-contest="q1"] [data-key="no"] [data-count]')
    before = int(count.inner_text())
    phone = visitor.new_page()
    phone.goto(addresses["vote"])
    phone.get_by_label("No", exact=True).check()
    phone.locator("#q2 select").first.select_option("1")
    send(phone)
    phone.wait_for_url("**/cast/")
    expect(count).to_have_text(str(before + 1))
    expect(wall.locator("h1")).to_have_text("Versammlung")
    expect(wall.locator('[data-contest="q1"] [data-key="no"]')).to_contain_text("Nein")


def test_a_language_can_be_picked_without_scripts(visitors: Visitors, addresses: dict[str, str]) -> None:
    page = visitors.get(viewport=PHONE, locale="en", java_script_enabled=False).new_page()
    page.goto(addresses["vote"])
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("h1")).to_have_text("Versammlung")
    expect(page).to_have_url(addresses["vote"])
    page.get_by_label("Ja", exact=True).check()
    send(page)
    expect(page.locator("#error")).to_contain_text("Ausflug")
    expect(page.locator("h1")).to_have_text("Versammlung")
