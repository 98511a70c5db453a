"""The dashboard's script in a real browser, by itself: no server, and a clock that the tests turn."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page, Route, sync_playwright

import results
from polls import methods
from polls.design import Paper
from polls.methods import BallotPaper, OptionOnBallot
from polls.models import Election
from results.snapshot import Snapshot

SCRIPTS = Path(results.__file__).parent / "static/results"
ORIGIN = "http://urna.test"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

START_LINK = """async () => {
    window.sockets = [];
    window.WebSocket = class {
        constructor(url) { this.url = url; window.sockets.push(this); }
        close() { this.closed = true; }
    };
    const { Link } = await import("/link.js");
    window.states = [];
    window.messages = [];
    window.link = new Link({
        socketUrl: "ws://urna.test/ws/drink/",
        jsonUrl: "/drink/results.json",
        onMessage: (message) => window.messages.push(message),
        onState: (state) => window.states.push(state),
    });
    window.link.start();
}"""


# Draws a snapshot over what the server has written; returns share and bar of each option, before and after.
DRAW_STANDINGS = """async ([language, standings, snapshot]) => {
    document.documentElement.lang = language;
    document.body.innerHTML =
        `<main data-thousand="1,000"><time data-as-of data-time-zone="UTC"></time>${standings}</main>`;
    const root = document.querySelector("main");
    const { Board } = await import("/board.js");
    const shown = () => Array.from(root.querySelectorAll("[data-standings] > li"), (row) => [
        row.querySelector("[data-share]").textContent,
        row.querySelector("[data-bar]").getAttribute("width"),
    ]);
    const written = shown();
    new Board(root).drawStandings(snapshot);
    return [written, shown()];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no chromium; .ci/run has to install it")
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of an origin that has nothing but the scripts."""

    def serve(route: Route) -> None:
        path = SCRIPTS / route.request.url.rpartition("/")[2]
        if path.suffix == ".js" and path.exists():
            route.fulfill(path=path, content_type="text/javascript")
        elif path.suffix == ".json":
            route.fulfill(json={"version": 7})
        else:
            route.fulfill(body="", content_type="text/html")

    page = browser.new_page()
    page.route("**/*", serve)
    page.clock.install()
    page.goto(ORIGIN)
    yield page
    page.close()


class TestFrames:
    @pytest.fixture
    def call(self, page: Page) -> Any:
        frames = page.evaluate_handle("import('/frames.js')")
        return lambda name, *arguments: frames.evaluate(
            "(frames, [name, ...rest]) => frames[name](...rest)", [name, *arguments]
        )

    @pytest.mark.parametrize(
        ("version", "as_of", "newer"),
        [
            (5, "2026-05-04T10:00:01.000000Z", True),
            (6, "2026-05-04T10:00:01.000000Z", True),
            (4, "2026-05-04T10:00:01.000000Z", False),
            (5, "2026-05-04T10:00:00.000000Z", False),
            (6, "2026-05-04T09:59:59.999999Z", False),
        ],
    )
    def test_only_a_later_snapshot_of_no_lower_version_is_drawn(
        self, call: Any, version: int, as_of: str, newer: bool
    ) -> None:
        shown = {"version": 5, "as_of": "2026-05-04T10:00:00.000000Z"}
        assert call("isNewer", {"version": version, "as_of": as_of}, shown) is newer

    def test_a_heartbeat_of_another_version_or_before_the_first_read_confirms_nothing(self, call: Any) -> None:
        shown = {"version": 5, "as_of": "2026-05-04T10:00:00.000000Z"}
        assert call("confirms", {**shown, "type": "heartbeat", "age": 0.1}, shown) is True
        assert call("confirms", {**shown, "version": 6}, shown) is False
        assert call("confirms", {"version": None, "as_of": None, "age": None}, shown) is False

    def test_a_closed_election_is_counting_until_it_is_final(self, call: Any) -> None:
        assert call("stageOf", {"phase": "closed", "final": False}) == "counting"
        assert call("stageOf", {"phase": "closed", "final": True}) == "final"
        assert call("stageOf", {"phase": "open", "final": False}) == "open"

    def test_several_winners_are_level_and_in_the_end_a_tie(self, call: Any) -> None:
        assert call("standingOf", "a", {"winners": ["a"], "final": False}) == "leading"
        assert call("standingOf", "a", {"winners": ["a"], "final": True}) == "winner"
        assert call("standingOf", "a", {"winners": ["a", "b"], "final": False}) == "level"
        assert call("standingOf", "a", {"winners": ["a", "b"], "final": True}) == "tie"
        assert call("standingOf", "c", {"winners": ["a", "b"], "final": True}) == ""

    def test_the_pause_doubles_up_to_ten_seconds_and_is_spread(self, call: Any) -> None:
        assert [call("backoff", attempt, 1) for attempt in range(7)] == [500, 1000, 2000, 4000, 8000, 10000, 10000]
        assert call("backoff", 1, 0) == 500


def make_snapshot(counts: Sequence[int], ballots: int) -> Snapshot:
    """Make a snapshot of an approval election with an option for each count."""
    options = tuple(OptionOnBallot(f"o{number}", f"Option {number}") for number in range(len(counts)))
    paper = BallotPaper(options)
    return Snapshot(
        election=Election(slug="drink"),
        paper=Paper("Drink?", "", "approval", None, False, options),
        phase="open",
        final=False,
        version=1,
        ballots=ballots,
        pending=0,
        as_of=timezone.now(),
        result=methods.get("approval").result(dict(zip(paper.keys, counts, strict=True)), ballots, paper),
    )


class TestBoard:
    @pytest.mark.parametrize(
        ("counts", "ballots"),
        [
            (range(1001), 1000),
            ((41, 39, 1, 3), 80),
            ((4999, 2), 5001),
            ((1, 0), 3),
            ((2, 9999, 10**9), 10**9),
            ((0,), 0),
        ],
        ids=["each figure", "halves", "nearly all and nearly none", "thirds", "millions", "nothing"],
    )
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_writes_the_shares_that_the_server_has_written(
        self, page: Page, language: str, counts: Sequence[int], ballots: int
    ) -> None:
        snapshot = make_snapshot(counts, ballots)
        with translation.override(language):
            standings = render_to_string("polls/methods/_standings.html", {"snapshot": snapshot})
        written, drawn = page.evaluate(DRAW_STANDINGS, [language, standings, snapshot.as_dict()])
        assert len(written) == len(counts)
        assert drawn == written

    @pytest.mark.parametrize("hidden", [{}, {"permille": None}], ids=["absent", "null"])
    def test_leaves_out_a_share_that_there_is_not(self, page: Page, hidden: dict[str, None]) -> None:
        snapshot = make_snapshot((1,), 2)
        standings = render_to_string("polls/methods/_standings.html", {"snapshot": snapshot})
        shown = snapshot.as_dict() | {"options": [{"key": "o0", "label": "Option 0", "count": 1, **hidden}]}
        assert page.evaluate(DRAW_STANDINGS, ["en", standings, shown]) == [[["50.0%", "50%"]], [["", "0%"]]]


class TestLink:
    def test_a_socket_that_falls_silent_is_given_up_and_opened_again(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onmessage({ data: '{}' })")
        page.clock.run_for(5900)
        assert page.evaluate("[states, sockets.length]") == [["connecting", "live"], 1]
        page.clock.run_for(1100)
        assert page.evaluate("[states[2], sockets[0].closed, sockets.length]") == ["lost", True, 2]

    def test_without_a_socket_it_asks_every_few_seconds_until_a_socket_speaks(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose()")
        page.clock.run_for(3100)
        page.wait_for_function("states.at(-1) === 'asking'")
        assert page.evaluate("messages") == [{"version": 7}]
        page.evaluate("sockets.at(-1).onmessage({ data: '{\"version\": 8}' })")
        page.clock.run_for(5500)
        assert page.evaluate("[states.at(-1), messages.length]") == ["live", 2]

    def test_it_says_lost_while_nothing_answers(self, page: Page) -> None:
        page.route("**/results.json", lambda route: route.abort())
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose()")
        with page.expect_event("requestfailed"):
            page.clock.run_for(3100)
        assert page.evaluate("[states, messages]") == [["connecting", "lost"], []]

    def test_a_server_that_closes_at_once_is_asked_less_and_less_often(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("""() => {
            const Fake = WebSocket;
            window.WebSocket = class extends Fake {
                constructor(url) { super(url); setTimeout(() => this.closed || this.onclose(), 1); }
            };
            sockets[0].onclose();
        }""")
        page.clock.run_for(30000)
        assert 5 <= page.evaluate("sockets.length") <= 10

    def test_coming_back_online_tries_at_once(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose(); link.hurry()")
        assert page.evaluate("sockets.length") == 2
        page.evaluate("sockets[1].onmessage({ data: '{}' }); link.hurry()")
        assert page.evaluate("sockets.length") == 2

    def test_without_a_free_seat_it_asks_and_leaves_the_door_alone_for_a_while(self, page: Page) -> None:
        # It comes back after 30 to 90 seconds by chance, and here after 60.
        page.evaluate("Math.random = () => 0.5")
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose({ code: 1013 })")
        page.clock.run_for(3100)
        page.wait_for_function("messages.length === 1")
        assert page.evaluate("states") == ["connecting", "crowded"]
        page.clock.run_for(55000)
        assert page.evaluate("sockets.length") == 1
        page.clock.run_for(5000)
        assert page.evaluate("sockets.length") == 2
