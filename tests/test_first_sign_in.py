"""The first sign-in as a person does it, on a phone: from the printed link to the form of the first election."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.test_whole_way import chromium, pytestmark
from tests.voting_site.processes import Up

__all__ = ["chromium", "pytestmark"]

PASSWORD = "correct horse battery staple"
PHONE = {"width": 360, "height": 740}
WORDS = {
    "en": {"title": "Choose your password", "step": "Add an election", "void": "This link does not work any more."},
    "es": {"title": "Elige tu contraseña", "step": "Añadir una votación", "void": "Este enlace ya no sirve."},
}


@pytest.fixture(params=WORDS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


@pytest.fixture
def page(chromium: Browser, language: str) -> Iterator[Page]:
    page = chromium.new_context(locale=language, viewport=PHONE, has_touch=True).new_page()
    yield page
    page.context.close()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class TestFirstSignIn:
    def test_is_a_link_a_password_and_one_step(self, urna: Up, page: Page, language: str, tmp_path):
        words = WORDS[language]
        [link] = re.findall(rf"http://127\.0\.0\.1:{urna.ports['admin']}/choose-password/\S+", urna.output)
        page.goto(link)
        expect(page.get_by_role("heading", name=words["title"])).to_be_visible()
        assert fits(page)
        page.screenshot(path=tmp_path / "choose.png")
        for field in ("new_password1", "new_password2"):
            page.locator(f"input[name={field}]").fill(PASSWORD)
        page.locator("input[type=submit]").tap()
        page.wait_for_url("**/admin/")
        step = page.get_by_role("link", name=words["step"], exact=True)
        # In sight, and as high as a finger is wide.
        box = step.bounding_box()
        assert box
        assert box["y"] + box["height"] < PHONE["height"]
        assert box["height"] >= 40
        assert fits(page)
        page.screenshot(path=tmp_path / "first.png")
        step.tap()
        page.wait_for_url("**/election/add/")
        expect(page.locator("input[name=title]")).to_be_editable()

        page.context.clear_cookies()
        page.goto(link)
        expect(page.get_by_text(words["void"])).to_be_visible()
        assert fits(page)
        page.screenshot(path=tmp_path / "void.png")
        # The printed one is void as well.
        page.goto(f"http://127.0.0.1:{urna.ports['admin']}/admin/")
        printed = re.search(r"user admin, password (\S+)", urna.output)
        assert printed
        for field, value in (("username", "admin"), ("password", printed[1])):
            page.locator(f"input[name={field}]").fill(value)
        page.locator("input[type=submit]").tap()
        expect(page.locator(".errornote")).to_be_visible()
