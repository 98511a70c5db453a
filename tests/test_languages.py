"""The pages of voters in other languages, in a real browser: the menu, dates of regions, long words, right to left."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browsers import DESKTOP, PHONE, Visitors
from tests.test_whole_way import pytestmark, urna
from tests.voting_site.processes import Up

__all__ = ["pytestmark", "urna"]

PAPER = {
    "title": "الاجتماع السنوي / Annual meeting",
    "slug": "meeting",
    "description": "يُعقد الاجتماع في البلدية.\n\nThe hall opens at nine.",
    "closes_at": "2098-11-30T20:05:00+13:00",
    "time_zone": "Pacific/Auckland",
    "contests": [
        {"key": "hall", "title": "القاعة", "options": [{"label": "البلدية"}, {"label": "Town hall (old)"}]},
        {
            "key": "board", "title": "Board", "method": "stv", "seats": 2,
            "options": [{"label": "Ana"}, {"label": "ليلى"}, {"label": "Bea"}],
        },
        {
            "key": "door", "title": "Colour of the door", "method": "majority-judgment",
            "options": [{"label": "Red"}, {"label": "Blue"}],
        },
    ],
}  # fmt: skip
# Pages by their role and their address.
PLACES = {
    "the list": ("vote", "/?all"),
    "a ballot": ("vote", "/meeting/"),
    "a ballot that was cast": ("vote", "/meeting/cast/"),
    "the code": ("vote", "/members/"),
    "nothing": ("vote", "/nobody/"),
    "results": ("result", "/meeting/"),
    "the list of results": ("result", "/"),
}
# German has longer words than English: here each word is half as long again, and every second space is gone.
LENGTHEN = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const inHead = (one) => one.parentElement.closest("script, style, template, .top, code, bdi, [dir]");
    for (let one = texts.nextNode(); one; one = texts.nextNode()) {
        if (inHead(one)) continue;
        let number = 0;
        one.data = one.data.replace(/[a-z]{4,}/gi, (word) => word + word.slice(0, word.length / 2).toLowerCase())
            .replace(/(?<=[a-z]) (?=[a-z])/gi, () => (number += 1) % 2 ? "" : " ");
    }
}"""
OVER = """() => [
    document.documentElement.scrollWidth - innerWidth,
    ...Array.from(document.querySelectorAll("body *"))
        .filter((one) => !one.closest(".unseen, .skip, .scroll, script, svg, details:not([open]) > :not(summary)"))
        .filter((one) => one.checkVisibility())
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || one.getBoundingClientRect().left < -1)
        .map((one) => one.outerHTML.slice(0, 150)),
]"""


@pytest.fixture(scope="module")
def address(urna: Up, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Publish two elections; return a function that gives the address of a page."""
    folder = tmp_path_factory.mktemp("papers")
    paper, roll = folder / "paper.json", folder / "roll.csv"
    paper.write_text(json.dumps(PAPER))
    urna.call("import_election", str(paper), "--publish")
    paper.write_text(json.dumps(PAPER | {"title": "Members", "slug": "members", "eligibility": "roll"}))
    roll.write_text("name\nAna\nليلى\n")
    urna.call("import_election", str(paper))
    urna.call("import_roll", "members", str(roll), "--codes", str(folder / "codes.csv"))
    urna.call("publish_election", "members")

    def address(place: str) -> str:
        role, path = PLACES[place]
        return f"http://127.0.0.1:{urna.ports[role]}{path}"

    return address


def choose_language(page: Page, name: str) -> None:
    page.locator(".language-menu summary").click()
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".language-menu summary")).to_contain_text(name)


class TestMenu:
    @pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
    def test_keeps_the_page_and_what_was_marked(
        self, visitors: Visitors, address: Callable[[str], str], scripts: bool
    ) -> None:
        page = visitors.get(locale="en", java_script_enabled=scripts, **PHONE).new_page()
        page.goto(address("a ballot"))
        page.get_by_label("Town hall (old)").check()
        page.get_by_label("Bea", exact=True).select_option("1")
        page.get_by_role("group", name="Blue").get_by_label("Very good", exact=True).check()
        choose_language(page, "Español")
        assert page.url == address("a ballot")
        expect(page.locator("html")).to_have_attribute("lang", "es")
        if not scripts:
            # The page comes back empty: nobody is told that something is marked.
            assert page.locator("main :checked:not([value=''], option)").count() == 0
            return
        expect(page.get_by_label("Town hall (old)")).to_be_checked()
        expect(page.get_by_label("Bea", exact=True)).to_have_value("1")
        expect(page.locator("ol.ranks")).to_contain_text("Bea")
        expect(page.get_by_role("group", name="Blue").get_by_label("Muy bien", exact=True)).to_be_checked()
        assert page.evaluate("sessionStorage.length") == 0
        page.get_by_role("button", name="Votar").click()
        page.wait_for_url("**/cast/")
        expect(page.get_by_role("heading", name="Tu voto está en la urna")).to_be_visible()

    def test_closes_by_escape_and_by_a_press_beside_it(self, visitors: Visitors, address: Callable[[str], str]) -> None:
        page = visitors.get(locale="en", **DESKTOP).new_page()
        page.goto(address("the list"))
        menu = page.locator(".languages")
        for close in (lambda: page.keyboard.press("Escape"), lambda: page.locator("h1").click()):
            page.locator(".language-menu summary").click()
            expect(menu).to_be_visible()
            close()
            expect(menu).to_be_hidden()

    def test_chooses_the_language_and_the_browser_its_region(
        self, visitors: Visitors, address: Callable[[str], str]
    ) -> None:
        page = visitors.get(locale="en-GB", timezone_id="America/New_York", **DESKTOP).new_page()
        page.goto(address("a ballot"))
        expect(page.locator("html")).to_have_attribute("lang", "en-GB")
        choose_language(page, "Español")
        choose_language(page, "English")
        expect(page.locator("html")).to_have_attribute("lang", "en-GB")


@pytest.mark.parametrize(
    ("locale", "close", "clock"),
    [
        ("en-US", "Nov. 30, 2098, 8:05 p.m.", r"\d?\d:\d\d:\d\d [AP]M"),
        ("en-GB", "30 November 2098, 20:05", r"\d\d:\d\d:\d\d"),
        ("es-ES", "30 de noviembre de 2098 a las 20:05", r"\d\d:\d\d:\d\d"),
        ("ar", "30 نوفمبر 2098، 8:05 م", r"\d?\d:\d\d:\d\d [صم]"),
    ],
)
def test_times_are_in_the_zone_of_the_election_as_the_region_has_them(
    visitors: Visitors, address: Callable[[str], str], locale: str, close: str, clock: str
) -> None:
    """The server is in Madrid, the browser in New York, the election in Auckland."""
    page = visitors.get(locale=locale, timezone_id="America/New_York", **DESKTOP).new_page()
    page.goto(address("a ballot"))
    expect(page.locator(".rule time")).to_have_text(close)
    page.goto(address("results"))
    expect(page.locator(".window [data-when-phase=open] time")).to_have_text(close)
    expect(page.locator("[data-link=live]")).to_be_attached()
    page.wait_for_function(
        "([clock]) => RegExp(`^${clock}$`).test(document.querySelector('[data-as-of]').innerText)", arg=[clock]
    )
    shown, expected = page.evaluate("""() => {
        const place = document.querySelector("[data-as-of]");
        const zone = { timeZone: "Pacific/Auckland", minute: "2-digit", second: "2-digit" };
        return [place.innerText, new Date(place.dateTime).toLocaleTimeString("en-GB", zone)];
    }""")
    assert expected in shown


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("width", [320, 380])
def test_long_words_overflow_to_no_side(
    visitors: Visitors, address: Callable[[str], str], place: str, width: int
) -> None:
    page = visitors.get(locale="en", viewport={"width": width, "height": 740}).new_page()
    page.goto(address(place))
    page.evaluate(LENGTHEN)
    assert page.evaluate(OVER) == [0]


class TestRightToLeft:
    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("width", [320, 380, 1280])
    def test_pages_run_so_and_overflow_to_no_side(
        self, visitors: Visitors, address: Callable[[str], str], tmp_path: Path, place: str, width: int
    ) -> None:
        page = visitors.get(locale="ar", viewport={"width": width, "height": 740}).new_page()
        page.goto(address(place))
        for name, value in (("lang", "ar"), ("dir", "rtl")):
            expect(page.locator("html")).to_have_attribute(name, value)
        assert page.evaluate(OVER) == [0]
        if width == 380:
            violations = Axe().run(page).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []
        page.screenshot(path=tmp_path / f"{width}.png", full_page=True)

    def test_bars_grow_from_the_right_and_what_is_cast_counts(
        self, visitors: Visitors, address: Callable[[str], str]
    ) -> None:
        page = visitors.get("Leila", locale="ar", **PHONE).new_page()
        page.goto(address("a ballot"))
        page.get_by_label("البلدية").check()
        page.get_by_label("ليلى", exact=True).select_option("1")
        page.get_by_role("group", name="Red").get_by_label("ممتاز").check()
        page.get_by_role("button", name="صوّت").click()
        page.wait_for_url("**/cast/")
        expect(page.get_by_role("heading", name="وصل صوتك")).to_be_visible()
        expect(page.locator(".receipt[data-state=counted]")).to_be_visible()
        page.goto(address("results"))
        bar = page.locator("[data-contest=hall] .bar").first
        expect(bar.locator("rect")).not_to_have_attribute("width", "0%")
        sides = page.evaluate("""() => Array.from(document.querySelectorAll("[data-contest=hall] .bar"))
            .map((bar) => bar.getBoundingClientRect().right - bar.firstElementChild.getBoundingClientRect().right)""")
        assert max(map(abs, sides)) < 1
        # A sentence of the page that begins with a name from the left is still one from the right.
        told = page.locator("[data-contest=door] .told-steps li").first
        expect(told).to_contain_text("1. Red")
        assert told.evaluate("one => getComputedStyle(one).direction") == "rtl"

    def test_labels_keep_their_own_direction_on_the_side_of_the_page(
        self, visitors: Visitors, address: Callable[[str], str]
    ) -> None:
        direction = """(label) => {
            const { direction, textAlign } = getComputedStyle(label);
            return [direction, textAlign];
        }"""
        for locale, side in (("en", "left"), ("ar", "right")):
            page = visitors.get(locale=locale, **PHONE).new_page()
            page.goto(address("a ballot"))
            labels = page.locator("#hall .choice-label")
            assert [one.evaluate(direction) for one in labels.all()[:2]] == [["rtl", side], ["ltr", side]]
