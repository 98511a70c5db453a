"""The first sign-in as a person does it, on a phone: from the printed link to the form of the first election."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import Visitors
from tests.voting_site.processes import Up

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery staple"
PHONE = {"width": 360, "height": 740}
WORDS = {
    "en": {"title": "Choose your password", "step": "Add an election", "void": "This link does not work any more."},
    "es": {"title": "Elige tu contraseña", "step": "Añadir una votación", "void": "Este enlace ya no sirve."},
}


@pytest.fixture
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class TestFirstSignIn:
    def test_is_a_link_a_password_and_one_step(self, urna: Up, visitors: Visitors, tmp_path):
        pages = {
            language: visitors.get(locale=language, viewport=PHONE, has_touch=True).new_page() for language in WORDS
        }
        [link] = re.findall(rf"http://127\.0\.0\.1:{urna.ports['admin']}/choose-password/\S+", urna.output)
        for language, page in pages.items():
            page.goto(link)
            expect(page.get_by_role("heading", name=WORDS[language]["title"])).to_be_visible()
            assert fits(page)
            page.screenshot(path=tmp_path / f"choose-{language}.png")

        # One of them chooses, and the other one comes too late.
        for field in ("new_password1", "new_password2"):
            pages["en"].locator(f"input[name={field}]").fill(PASSWORD)
        pages["en"].locator("input[type=submit]").tap()
        pages["en"].wait_for_url("**/admin/")
        self.take_the_first_step(pages["en"], "en", tmp_path)
        pages["en"].context.clear_cookies()
        for language, page in pages.items():
            page.goto(link)
            expect(page.get_by_text(WORDS[language]["void"])).to_be_visible()
            assert fits(page)
            page.screenshot(path=tmp_path / f"void-{language}.png")
        # The printed one is void as well.
        printed = re.search(r"user admin, password (\S+)", urna.output)
        assert printed
        self.sign_in(urna, pages["es"], printed[1])
        expect(pages["es"].locator(".errornote")).to_be_visible()
        self.sign_in(urna, pages["es"], PASSWORD)
        self.take_the_first_step(pages["es"], "es", tmp_path)

    def take_the_first_step(self, page: Page, language: str, folder: Path) -> None:
        step = page.get_by_role("link", name=WORDS[language]["step"], exact=True)
        # In sight, and as high as a finger is wide.
        box = step.bounding_box()
        assert box
        assert box["y"] + box["height"] < PHONE["height"]
        assert box["height"] >= 40
        assert fits(page)
        page.screenshot(path=folder / f"first-{language}.png")
        step.tap()
        page.wait_for_url("**/election/add/")
        expect(page.locator("input[name=title]")).to_be_editable()

    def sign_in(self, urna: Up, page: Page, password: str) -> None:
        page.goto(f"http://127.0.0.1:{urna.ports['admin']}/admin/")
        for field, value in (("username", "admin"), ("password", password)):
            page.locator(f"input[name={field}]").fill(value)
        page.locator("input[type=submit]").tap()
