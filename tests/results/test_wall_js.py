"""The wall's scripts in a real browser, on walls that the server has written: what fits, what is shown, and when."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

import pages
from polls.design import Paper
from polls.methods import OptionOnBallot
from polls.models import Election
from results.outcome_shown import OutcomeShown, Source
from results.snapshot import Snapshot
from tests.browsers import keep_screenshot
from tests.conftest import contest
from tests.pictures import draw as noise

from .conftest import ORIGIN, SCRIPTS
from .papers import DECIDED, LIVELY, NOON, frame, make_snapshot, render_wall, single

pytestmark = pytest.mark.urls("voting_site.urls.result")

LOOKS = Path(pages.__file__).parent / "static/pages"
SHEETS = LOOKS / "urna.css", LOOKS / "options.css", SCRIPTS / "dashboard.css", SCRIPTS / "wall.css"
OLD, USUAL, LARGE = (1024, 768), (1920, 1080), (3840, 2160)
NAMES = ["Ana García López", "Nesquik", "Cola Cao con leche", "مرحبا بالعالم", "🍫 Choco", "Ñandú"]

# Opens a page that the server has written, and begins to draw it at a time of the server's clock.
OPEN = """async ([written, time]) => {
    const page = new DOMParser().parseFromString(written, "text/html");
    for (const one of page.documentElement.attributes) document.documentElement.setAttribute(one.name, one.value);
    document.body.className = "wall-page";
    document.body.replaceChildren(page.querySelector("main"));
    const { WallBoard } = await import("/wall_board.js");
    const { ServerClock } = await import("/server_clock.js");
    const read = (name) => JSON.parse(document.getElementById(name).textContent);
    window.clock = new ServerClock();
    clock.hear(time);
    window.board = new WallBoard(document.querySelector("main"), read("words"), clock);
    board.draw(read("snapshot"));
}"""

# Lists what is too small, cut off, beside the screen, or under something else.
FAULTS = """() => {
    const faults = [];
    const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
    const seen = (element) => isSeen(element) && !element.closest(".unseen, script");
    const say = (what, { className, textContent }) => faults.push(`${what}: ${className} ${textContent.slice(0, 40)}`);
    for (const element of Array.from(document.querySelectorAll("main *")).filter(seen)) {
        const box = element.getBoundingClientRect();
        const hasText = Array.from(element.childNodes, (node) => node.nodeType === 3 && node.data.trim()).some(Boolean);
        if (hasText && parseFloat(getComputedStyle(element).fontSize) < 0.02 * innerHeight) say("too small", element);
        const isBeside = box.left < -1 || box.right > innerWidth + 1;
        if (isBeside || box.top < -1 || box.bottom > innerHeight + 1) say("outside", element);
        if (element.matches(".runner") && element.scrollHeight > element.clientHeight + 1) say("cut", element);
        if (element.matches(".runner") && element.scrollWidth > element.clientWidth + 1) say("too wide", element);
    }
    const parts = ".wall-head, .panel-head, .runner, .folded, .wall-way-in, .wall-foot";
    const boxes = Array.from(document.querySelectorAll(parts)).filter(seen);
    boxes.forEach((one, at) => boxes.slice(at + 1).forEach((other) => {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        if (across > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) say("overlaps", other);
    }));
    return faults;
}"""

UNTIL_IN_PLACE = """
() => Promise.all(
    Array.from(document.querySelectorAll(".runner")).flatMap((one) => one.getAnimations()).map((one) => one.finished)
).then(() => null)"""


@pytest.fixture
def wall(page: Page) -> Iterator[Page]:
    """An empty document with the styles of a wall, at noon."""
    styles = "".join(f"<style>{sheet.read_text()}</style>" for sheet in SHEETS)
    page.route(f"{ORIGIN}/wall", lambda route: route.fulfill(body=f"<!doctype html>{styles}", content_type="text/html"))
    page.goto(f"{ORIGIN}/wall")
    yield page
    page.emulate_media(reduced_motion="no-preference")


def show(wall: Page, snapshot: Snapshot, size: tuple[int, int] = USUAL, language: str = "en", **presenter: Any) -> Page:
    """Show a snapshot on a wall of this size, as its presenter has set it."""
    wall.set_viewport_size({"width": size[0], "height": size[1]})
    time = snapshot.as_of.isoformat()
    wall.evaluate(OPEN, [render_wall(snapshot, language, **presenter), time])
    return wall


def draw(wall: Page, snapshot: Snapshot, **presenter: Any) -> None:
    wall.evaluate("(message) => board.draw(message)", frame(snapshot, **presenter))


def paper(options: int, contests: int = 1, *, label: str = "", title: str = "Which drink?", **more: Any) -> Paper:
    """Make a paper whose contests have so many options."""
    labels = tuple(
        OptionOnBallot(f"o{n}", f"{n} {label}"[:80] if label else f"{NAMES[n % len(NAMES)]} {n}")
        for n in range(options)
    )
    asked = (
        replace(
            contest(f"q{n}", title=f"Question {n}: who leads the committee?" if contests > 1 else "", **more),
            options=labels,
        )
        for n in range(1, contests + 1)
    )
    return Paper(title, "", False, tuple(asked))


def snapshot_of(paper: Paper, **changes: Any) -> Snapshot:
    """Make a snapshot in which each option has another number of votes, and not in the order of the paper."""
    counts = {
        f"{one.key}:{option.key}": (place * 7919) % len(one.options) * 137 + 3
        for one in paper.contests
        for place, option in enumerate(one.options)
    }
    ballots = sum(n for key, n in counts.items() if key.startswith("q1:"))
    return make_snapshot(counts, ballots, paper, **changes)


def election(**fields: Any) -> Election:
    return Election(**{"slug": "drink", "short_code": "k7p", "opens_at": NOON, "time_zone": "Europe/Madrid", **fields})


def withheld(paper: Paper, rule: str, ballots: int = 77) -> Snapshot:
    return replace(
        make_snapshot({}, 0, paper), shown=OutcomeShown(Source(paper.write(), ballots, None, None, rule), paper)
    )


def names(wall: Page) -> list[str]:
    """Return the options that can be seen, from top to bottom."""
    seen: list[str] = wall.evaluate("""Array.from(document.querySelectorAll(".runner bdi"))
        .filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.textContent)""")
    return seen


class TestSizes:
    @pytest.mark.parametrize("size", [OLD, USUAL, LARGE], ids=["4:3", "full HD", "4K"])
    @pytest.mark.parametrize("options", [2, 9, 30, 60])
    @pytest.mark.parametrize("contests", [1, 3, 10])
    def test_show_everything_in_full(self, wall: Page, size: tuple[int, int], options: int, contests: int) -> None:
        for presenter in (
            ({}, {"contest": "*"}, {"contest": "*", "hides": True}) if contests > 1 else ({}, {"hides": True})
        ):
            show(wall, snapshot_of(paper(options, contests)), size, **presenter)
            keep_screenshot(wall)
            assert wall.evaluate(FAULTS) == []
            assert len(names(wall)) >= 2

    @pytest.mark.parametrize("size", [OLD, USUAL], ids=["4:3", "full HD"])
    @pytest.mark.parametrize("options", [2, 9, 60])
    def test_show_long_labels_and_titles_in_full(self, wall: Page, size: tuple[int, int], options: int) -> None:
        label = "an option whose label says everything about what it is for, and why"
        title = "An assembly whose name goes on and on, as those of old associations do. " * 2
        for long in (paper(options, 3, label=label, title=title), paper(options, label="x" * 80)):
            show(wall, snapshot_of(long), size)
            assert wall.evaluate(FAULTS) == []

    @pytest.mark.parametrize("size", [OLD, LARGE], ids=["4:3", "4K"])
    @pytest.mark.parametrize("options", [2, 9, 60])
    def test_show_what_options_look_like(self, wall: Page, size: tuple[int, int], options: int) -> None:
        plain = paper(options)
        [question] = plain.contests
        looks = tuple(
            replace(one, emoji="🥛", colour="#ff0000", picture="0" * 64 if one.key != "o1" else "")
            for one in question.options
        )
        wall.route("**/picture/**", lambda route: route.fulfill(body=noise(), content_type="image/png"))
        show(wall, snapshot_of(replace(plain, contests=(replace(question, options=looks),))), size)
        keep_screenshot(wall)
        assert wall.evaluate(FAULTS) == []
        first = wall.locator(".runner:visible:has(.option-picture)").first
        assert first.locator("[data-bar]").evaluate("(bar) => getComputedStyle(bar).fill") == "rgb(255, 0, 0)"
        assert first.locator(".option-emoji").inner_text() == "🥛"
        picture, label = first.locator(".option-picture").bounding_box(), first.locator("bdi").bounding_box()
        assert picture
        assert label
        assert picture["x"] + picture["width"] <= label["x"]
        assert picture["height"] >= 0.02 * size[1]
        assert wall.locator("[data-key=o1] .option-picture").count() == 0

    def test_fold_what_has_no_room_and_say_how_much_it_is(self, wall: Page) -> None:
        show(wall, snapshot_of(paper(60)))
        shown = len(names(wall))
        assert 10 <= shown < 60
        assert wall.locator("[data-folded]").inner_text() == f"and {60 - shown} more"

    def test_put_several_questions_side_by_side_and_turn_pages_where_they_do_not_fit(self, wall: Page) -> None:
        show(wall, snapshot_of(paper(2, 3)), contest="*")
        assert wall.locator(".panel:visible").count() == 3
        assert wall.locator("[data-which]").is_hidden()
        show(wall, snapshot_of(paper(30, 10)), OLD, contest="*")
        assert 2 <= wall.locator(".panel:visible").count() < 10
        assert wall.locator("[data-which]").inner_text().startswith("1 / ")

    def test_give_a_number_that_grows_the_room_that_it_needs(self, wall: Page) -> None:
        show(wall, make_snapshot({"q1:o0": 1}, 1, paper(4, label="a label that fills its line nearly to the end")), OLD)
        draw(
            wall,
            make_snapshot({"q1:o3": 10**10}, 10**10, paper(4, label="a label that fills its line nearly to the end")),
        )
        # The leader moves up past the others, and on a slow machine is still on its way.
        wall.evaluate(UNTIL_IN_PLACE)
        assert wall.evaluate(FAULTS) == []
        assert "10,000,000,000" in wall.locator("[data-key=o3]").inner_text()

    @pytest.mark.parametrize("size", [OLD, LARGE], ids=["4:3", "4K"])
    def test_show_each_state_in_full(self, wall: Page, size: tuple[int, int]) -> None:
        reason = "The hall is closed, since a part of its roof has come down. " * 30
        roll = replace(paper(9), eligibility="roll")
        turnout = {"voted": 77, "entitled": 1_200_000, "permille": 1}
        stv = replace(paper(6, method="stv", seats=3), title="Board")
        rounds = {"q1:o0>o1": 40, "q1:o1>o2": 30, "q1:o2>o3": 22, "q1:o3": 9, "q1:o4>o0": 5}
        for snapshot in (
            snapshot_of(paper(9), phase="scheduled"),
            snapshot_of(paper(9), phase="cancelled", election=election(cancel_reason=reason)),
            replace(withheld(roll, "turnout"), turnout=turnout),
            withheld(paper(9), "hidden"),
            make_snapshot({}, 0, paper(3)),
            snapshot_of(paper(9), phase="closed"),
            make_snapshot(DECIDED, 12, phase="closed", final=True),
            make_snapshot(rounds, 106, stv, phase="closed", final=True),
            snapshot_of(paper(9), election=election(closes_at=NOON + dt.timedelta(seconds=45))),
        ):
            show(wall, snapshot, size, language="es")
            assert wall.evaluate(FAULTS) == []

    def test_are_whole_without_a_script(self, wall: Page) -> None:
        wall.set_viewport_size({"width": 1024, "height": 768})
        written = render_wall(snapshot_of(paper(60)))
        wall.evaluate(
            "(written) => { document.body.innerHTML = written; document.body.className = 'wall-page'; }", written
        )
        assert wall.locator(".runner:visible").count() == 60
        assert wall.evaluate("document.documentElement.scrollWidth <= innerWidth")


class TestContent:
    @pytest.mark.parametrize("counts", [LIVELY, DECIDED], ids=["lively", "decided"])
    def test_is_sorted_as_the_server_sorts_it(self, wall: Page, counts: dict[str, int]) -> None:
        written = render_wall(make_snapshot(counts, 12))
        ordered = """(page) => Array.from(page.querySelectorAll(".panel"), (panel) =>
            Array.from(panel.querySelectorAll(".runner"), (one) => one.dataset.key))"""
        by_server = wall.evaluate(
            f"(written) => ({ordered})(new DOMParser().parseFromString(written, 'text/html'))", written
        )
        wall.emulate_media(reduced_motion="reduce")
        show(wall, make_snapshot({}, 0), contest="*")
        draw(wall, make_snapshot(counts, 12), contest="*")
        assert wall.evaluate(f"({ordered})(document)") == by_server
        assert by_server[0][0] == "ana"
        assert by_server[2] == ["yes", "no", "abstain"]

    @pytest.mark.parametrize("method", ["irv", "stv"])
    def test_has_the_votes_of_the_last_round_as_the_server_writes_them(self, wall: Page, method: str) -> None:
        paper = single(contest(options=("ana", "bea", "leo"), method=method))
        counted = make_snapshot({"q1:ana": 5000, "q1:bea": 4000, "q1:leo>bea": 2001}, 11001, paper)
        numbers = """(page) => Array.from(page.querySelectorAll(".runner"), (row) => [row.dataset.key,
            row.querySelector("[data-count]").textContent, row.querySelector("[data-share]").textContent])"""
        by_server = wall.evaluate(
            f"(written) => ({numbers})(new DOMParser().parseFromString(written, 'text/html'))", render_wall(counted)
        )
        show(wall, make_snapshot({}, 0, paper))
        draw(wall, counted)
        assert wall.evaluate(f"({numbers})(document)") == by_server
        assert by_server[0][:2] == ["bea", "6,001"]

    def test_has_the_code_and_the_short_address_while_people_can_vote(self, wall: Page) -> None:
        show(wall, snapshot_of(paper(2)))
        assert wall.locator(".wall-way-in").inner_text().replace("\n", "") == "vote.example.org/k7p"
        assert wall.locator(".wall-way-in svg").bounding_box()["width"] >= 250  # type: ignore[index]
        draw(wall, snapshot_of(paper(2), phase="closed"))
        assert wall.locator(".wall-way-in").is_hidden()
        assert wall.locator("a:visible, button:visible, input:visible").count() == 0

    def test_has_no_numbers_where_the_result_is_withheld(self, wall: Page) -> None:
        show(wall, withheld(paper(3), "hidden"))
        assert wall.locator("[data-count], [data-turnout]:visible").count() == 0
        assert "The result shows when the organisers release it." in wall.inner_text("main")

    def test_turns_from_one_question_to_the_next_by_the_servers_clock(self, wall: Page) -> None:
        show(wall, snapshot_of(paper(2, 3)))
        seen = []
        for second in (0, 10, 20, 30):
            time = (NOON + dt.timedelta(seconds=second)).isoformat()
            wall.evaluate("(time) => { clock.ahead = -Infinity; clock.hear(time); board.tick(); }", time)
            seen += wall.locator(".panel:visible h2").all_inner_texts()
        assert [title[:10] for title in seen] == ["Question 1", "Question 2", "Question 3", "Question 1"]

    def test_is_what_the_presenter_wants(self, wall: Page) -> None:
        show(wall, snapshot_of(paper(3, 3)))
        draw(wall, snapshot_of(paper(3, 3)), contest="q3")
        assert wall.locator(".panel:visible h2").all_inner_texts() == ["Question 3: who leads the committee?"]
        assert wall.locator("[data-count]:visible").count() == 3
        draw(wall, snapshot_of(paper(3, 3)), contest="q3", hides=True)
        assert wall.locator("[data-count]:visible").count() == 0
        assert len(names(wall)) == 3


class TestReveal:
    def at(self, wall: Page, seconds: float) -> None:
        """Let it be so many seconds after noon."""
        time = (NOON + dt.timedelta(seconds=seconds)).isoformat()
        wall.evaluate("(time) => { clock.ahead = -Infinity; clock.hear(time); board.tick(); }", time)

    def test_goes_from_the_last_place_to_the_first(self, wall: Page) -> None:
        presenter = {"reveal": "places", "reveal_at": (NOON + dt.timedelta(seconds=10)).isoformat(), "pause": 3}
        show(wall, make_snapshot({"q1:o0": 3, "q1:o1": 1, "q1:o2": 2}, 6, paper(3)), **presenter)
        assert wall.locator("[data-countdown]").inner_text().split() == ["The", "result", "comes", "in", "10"]
        assert wall.locator("[data-count]:visible").count() == 0
        seen = []
        for second in (10.1, 12.9, 13.1, 16.1):
            self.at(wall, second)
            seen.append([name[-1] for name in names(wall)])
            assert wall.evaluate(FAULTS) == []
        assert seen == [["1"], ["1"], ["2", "1"], ["0", "2", "1"]]

    def test_lets_bars_grow_in_the_order_of_the_paper_and_sorts_them_in_the_end(self, wall: Page) -> None:
        presenter = {"reveal": "bars", "reveal_at": NOON.isoformat(), "pause": 2}
        show(wall, make_snapshot({"q1:o0": 100, "q1:o1": 300}, 400, paper(2)), **presenter)
        self.at(wall, 2)
        assert [name[-1] for name in names(wall)] == ["0", "1"]
        growing = int(wall.locator("[data-key=o1] [data-count]").inner_text())
        assert 0 < growing < 300
        assert wall.locator("[data-key=o1] .rank").evaluate("(rank) => getComputedStyle(rank).visibility") == "hidden"
        self.at(wall, 6.1)
        assert [name[-1] for name in names(wall)] == ["1", "0"]
        assert wall.locator("[data-key=o1] [data-count]").inner_text() == "300"

    def test_moves_nothing_where_motion_is_not_wanted(self, wall: Page) -> None:
        wall.emulate_media(reduced_motion="reduce")
        presenter = {"reveal": "bars", "reveal_at": NOON.isoformat(), "pause": 2}
        show(wall, make_snapshot({"q1:o0": 100, "q1:o1": 300}, 400, paper(2)), **presenter)
        self.at(wall, 3)
        assert wall.locator("[data-key=o1] [data-count]").inner_text() == "0"
        self.at(wall, 6.1)
        assert wall.locator("[data-key=o1] [data-count]").inner_text() == "300"
        assert wall.evaluate("document.getAnimations().length") == 0


class TestCountdown:
    def test_is_seen_by_everybody_in_the_last_minute_and_ends_in_the_count(self, wall: Page) -> None:
        closing = election(closes_at=NOON + dt.timedelta(seconds=70))
        show(wall, snapshot_of(paper(2), election=closing))
        left = wall.locator("[data-left]")
        assert left.inner_text() == "1:10"
        small = left.bounding_box()
        TestReveal().at(wall, 25)
        large = left.bounding_box()
        assert left.inner_text() == "45"
        assert small
        assert large
        assert large["height"] > 1.5 * small["height"]
        TestReveal().at(wall, 70.1)
        assert left.is_hidden()
        assert wall.locator("[data-phase]").inner_text() == "Closed, counting…"


class TestWake:
    def test_keeps_the_screen_awake_again_each_time_that_it_is_seen(self, wall: Page) -> None:
        wall.evaluate("""async () => {
            window.asked = 0;
            const value = { request: async () => { asked += 1; } };
            Object.defineProperty(navigator, "wakeLock", { value, configurable: true });
            (await import("/wake_lock.js")).keepAwake();
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        assert wall.evaluate("asked") == 2

    def test_goes_on_where_the_browser_refuses(self, wall: Page) -> None:
        assert wall.evaluate("""async () => {
            const request = async () => { throw new DOMException("no", "NotAllowedError"); };
            Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
            (await import("/wake_lock.js")).keepAwake();
            await new Promise((done) => queueMicrotask(done));
            return true;
        }""")


class TestServerClock:
    def test_goes_by_the_message_that_was_fastest(self, wall: Page) -> None:
        told = wall.evaluate("""async () => {
            const { ServerClock } = await import("/server_clock.js");
            const clock = new ServerClock();
            clock.hear("1970-01-01T00:00:10.000000Z", 0, 500);
            clock.hear("1970-01-01T00:00:11.000000Z", 0, 3500);
            const before = clock.now(3500);
            clock.hear("1970-01-01T00:00:12.000000Z", 2, 3600);
            return [before, clock.now(3600)];
        }""")
        assert told == [13000, 14000]


def test_a_wall_that_loses_its_network_shows_what_it_had_and_says_how_old_it_is(wall: Page) -> None:
    """All of it, with its socket and its requests: first there is no answer, then there is one."""
    first, second = snapshot_of(paper(2)), snapshot_of(paper(2), version=2, as_of=NOON + dt.timedelta(seconds=30))
    answer: dict[str, Any] = {}

    def ask(route: Route) -> None:
        route.fulfill(json=answer) if answer else route.abort()

    wall.route("**/drink/wall.json", ask)
    wall.evaluate(
        "(written) => { document.body.innerHTML = written; document.body.className = 'wall-page'; }", render_wall(first)
    )
    wall.evaluate("""async () => {
        window.WebSocket = class { constructor() { setTimeout(() => this.onclose({}), 1); } close() {} };
        await import("/wall.js");
    }""")
    wall.clock.run_for(9000)
    assert "data from" in wall.locator("[data-stale]").inner_text()
    assert wall.locator(".runner:visible").count() == 2
    answer.update(frame(second, contest="q1", hides=True))
    wall.clock.run_for(6000)
    # What the answer changes is drawn with the next frame.
    for _frame in range(200):
        wall.clock.run_for(50)
        if wall.locator(".panel").first.get_attribute("data-shows") == "names":
            break
    wall.clock.run_for(300)
    assert wall.locator(".panel").first.get_attribute("data-shows") == "names"
    assert wall.locator("[data-stale]").is_hidden()
