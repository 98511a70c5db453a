"""The design: names for colours, sizes and distances, each said once."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsers import chromium
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium"]

DESIGN = Path("pages/static/pages/design.css")
SHEETS = [sheet for app in ("pages", "polls", "results", "office") for sheet in Path(app, "static").rglob("*.css")]
# What Django's own sheets use.
OF_DJANGO = Path("office/static/office/palette.css")


def names(pattern: str, *sheets: Path) -> set[str]:
    return {name for sheet in sheets for name in re.findall(pattern, sheet.read_text())}


def test_every_name_that_a_sheet_uses_is_there():
    assert names(r"var\((--[\w-]+)", *SHEETS) <= names(r"(--[\w-]+): ", *SHEETS)


def test_every_name_of_the_design_is_used():
    assert names(r"(--[\w-]+): ", DESIGN) <= names(r"var\((--[\w-]+)", *SHEETS)


def test_dark_colours_stand_in_one_place():
    assert [sheet for sheet in SHEETS if "prefers-color-scheme" in sheet.read_text()] == [DESIGN]
    for sheet in (DESIGN, OF_DJANGO):
        said = re.findall(r"^  (--[\w-]+): [^i\s]", sheet.read_text(), re.MULTILINE)
        assert len(said) == len(set(said))


class TestScheme:
    pytestmark = needs_chromium

    @pytest.fixture
    def page(self, chromium: Browser) -> Iterator[Page]:
        page = chromium.new_page()
        page.set_content("<p></p>")
        page.add_style_tag(path=DESIGN)
        page.add_style_tag(content="p { background: var(--ground); color: var(--ink-soft) }")
        yield page
        page.close()

    @pytest.mark.parametrize(
        ("device", "chosen", "media", "seen"),
        [
            ("light", None, "screen", "#eff3ee"),
            ("dark", None, "screen", "#0b1917"),
            ("dark", "auto", "screen", "#0b1917"),
            ("light", "dark", "screen", "#0b1917"),
            ("dark", "light", "screen", "#eff3ee"),
            ("dark", None, "print", "#ffffff"),
            ("light", "dark", "print", "#ffffff"),
        ],
    )
    def test_is_that_of_the_device_unless_another_one_is_chosen_and_light_on_paper(
        self, page: Page, device: str, chosen: str | None, media: str, seen: str
    ) -> None:
        page.emulate_media(color_scheme=device, media=media)  # type: ignore[arg-type]
        page.evaluate("chosen => document.documentElement.setAttribute('data-theme', chosen || '')", chosen)
        shown = page.evaluate("getComputedStyle(document.querySelector('p')).backgroundColor")
        assert shown == f"rgb({', '.join(str(int(seen[i : i + 2], 16)) for i in (1, 3, 5))})"
