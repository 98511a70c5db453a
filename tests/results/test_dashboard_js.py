"""The dashboard's script in a real browser: what a message means, and the line to the server."""

from typing import Any

import pytest
from playwright.sync_api import Page

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

    def test_one_who_is_ahead_leads_and_in_the_end_wins(self, call: Any) -> None:
        contest = {"winners": ["a", "b"], "tied": []}
        assert [call("standingOf", key, contest, False) for key in "abc"] == ["leading", "leading", ""]
        assert [call("standingOf", key, contest, True) for key in "abc"] == ["winner", "winner", ""]

    def test_those_at_the_last_seat_are_level_and_in_the_end_tie(self, call: Any) -> None:
        contest = {"winners": ["a"], "tied": ["b", "c"]}
        assert [call("standingOf", key, contest, False) for key in "abcd"] == ["leading", "level", "level", ""]
        assert [call("standingOf", key, contest, True) for key in "abcd"] == ["winner", "tie", "tie", ""]

    def test_the_pause_doubles_up_to_ten_seconds_and_is_spread(self, call: Any) -> None:
        assert [call("backoff", attempt, 1) for attempt in range(7)] == [500, 1000, 2000, 4000, 8000, 10000, 10000]
        assert call("backoff", 1, 0) == 500


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
