"""The dashboard on screens of many sizes, with papers short and far too long: nothing overflows."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

import pages
from polls.design import Paper
from polls.methods import OptionOnBallot
from results.snapshot import Snapshot
from tests.conftest import contest

from .conftest import SCRIPTS
from .papers import PAPER, make_snapshot, render, single

pytestmark = pytest.mark.urls("voting_site.urls.result")

STYLES = Path(pages.__file__).parent / "static/pages"
SHEETS = (STYLES / "design.css", STYLES / "urna.css", SCRIPTS / "dashboard.css", SCRIPTS / "working.css")
TITLE = "Which drink shall we have at the meeting?"

SIDES = """() => {
    const sides = Array.from(document.querySelectorAll("main *"))
        .filter((one) => !one.closest(".unseen, script"))
        .map((one) => one.getBoundingClientRect()).filter((one) => one.width);
    return [Math.min(...sides.map((one) => one.left)), Math.max(...sides.map((one) => one.right))];
}"""
# Rows whose name reaches into their numbers.
OVERLAPS = """() => Array.from(document.querySelectorAll(".standings .standing")).filter((row) => {
    const range = document.createRange();
    range.selectNodeContents(row.querySelector(".standing-name"));
    const numbers = row.querySelector(".standing-numbers").getBoundingClientRect();
    return Array.from(range.getClientRects()).some((one) => one.right > numbers.left + 1 && one.left < numbers.right - 1
        && one.bottom > numbers.top + 1 && one.top < numbers.bottom - 1);
}).map((row) => row.textContent)"""


def shown(labels: list[str], counts: list[int], method: str = "plurality") -> Snapshot:
    """Return the results of one question with these labels and counts."""
    options = tuple(OptionOnBallot(f"o{number}", label) for number, label in enumerate(labels))
    paper = single(replace(contest(method=method), options=options))
    votes = {f"q1:o{number}": count for number, count in enumerate(counts) if count}
    return make_snapshot(votes, sum(counts), paper)


EXTREMES = {
    "1,000 options of 80 characters": shown(
        [f"{n:04} {'long name ' * 7}12345" for n in range(1000)], list(range(1000))
    ),
    "80 characters without a space": shown(["W" * 80, "w" * 80, "i" * 80], [1, 2, 3]),
    "10 million votes in a bar": shown(["Ana " * 20, "Bea"], [10_000_000, 9_999_999]),
    "Arabic, Hebrew and emoji": shown(
        [
            "نعم، أوافق على ميزانية الجمعية للسنة القادمة بكامل بنودها",
            "כן, אני מסכים",
            "👩‍👩‍👧‍👦🏳️‍🌈" * 10,
            "日本語" * 20,
        ],
        [10_000_000, 5, 0, 1],
    ),
}


class TestSizes:
    MANY = tuple(f"a-candidate-with-quite-a-long-name-{number}" for number in range(60))

    @pytest.mark.parametrize("width", [360, 1280, 1920])
    @pytest.mark.parametrize(
        "paper",
        [
            single(contest()),
            PAPER,
            replace(PAPER, contests=[contest(f"q{number}", title=f"Question {number}") for number in range(10)]),
            single(contest(options=MANY)),
            replace(
                PAPER, contests=[contest("q1", MANY, title="First"), contest("q2", ("x" * 40, "y"), title="Other")]
            ),
        ],
        ids=["one", "three", "ten", "60 options", "60 options beside others"],
    )
    def test_overflow_to_no_side(self, page: Page, width: int, paper: Paper) -> None:
        page.set_viewport_size({"width": width, "height": 720})
        page.set_content(render(make_snapshot({}, 0, paper)))
        for sheet in SHEETS[:-1]:
            page.add_style_tag(path=sheet)
        left, right = page.evaluate(SIDES)
        assert (left >= 0, right <= width) == (True, True)

    @pytest.mark.parametrize("width", [380, 1024, 1280, 3840])
    @pytest.mark.parametrize("name", EXTREMES)
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_hold_what_is_far_too_much(self, page: Page, width: int, name: str, language: str) -> None:
        page.set_viewport_size({"width": width, "height": 800})
        page.set_content(render(EXTREMES[name], language))
        for sheet in SHEETS:
            page.add_style_tag(path=sheet)
        left, right = page.evaluate(SIDES)
        assert (left >= 0, right <= width) == (True, True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # No number stands on a name.
        assert page.evaluate(OVERLAPS) == []

    @pytest.mark.parametrize(
        ("options", "width", "height"), [(3, 1280, 720), (3, 1366, 768), (3, 1920, 1080), (5, 1024, 768)]
    )
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_fit_a_screen_that_is_filled(
        self, page: Page, options: int, width: int, height: int, language: str
    ) -> None:
        page.set_viewport_size({"width": width, "height": height})
        paper = replace(single(contest(options=tuple(f"option-{n}" for n in range(options)))), title=TITLE)
        page.set_content(render(make_snapshot({"q1:option-0": 3}, 3, paper), language))
        for sheet in SHEETS[:-1]:
            page.add_style_tag(path=sheet)
        page.evaluate("document.documentElement.requestFullscreen()")
        page.wait_for_function("document.fullscreenElement")
        over = page.evaluate("document.documentElement.scrollHeight - innerHeight")
        code, board = (page.locator(one).bounding_box() for one in (".call svg", ".board-body"))
        page.evaluate("document.exitFullscreen()")
        assert over <= 0
        assert code is not None
        assert board is not None
        # Read from the last row: a tenth of the way, and beside the bars.
        assert code["width"] >= width / 6
        assert code["x"] >= board["x"] + board["width"]

    @pytest.mark.parametrize(("width", "height", "shown"), [(380, 800, False), (1280, 720, False), (1440, 900, True)])
    def test_have_the_code_where_there_is_room(self, page: Page, width: int, height: int, shown: bool) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.set_content(render(make_snapshot({}, 0)))
        for sheet in SHEETS[:-1]:
            page.add_style_tag(path=sheet)
        assert page.locator(".call svg").is_visible() is shown
