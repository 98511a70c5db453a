"""The link of a results page to the server, in a real browser: what is shown, how old it is, and what follows."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

START_LINK = """async () => {
    window.sockets = [];
    window.isAccepting = true;
    window.WebSocket = class {
        constructor(url, protocols) {
            Object.assign(this, { url, protocols });
            window.sockets.push(this);
            queueMicrotask(() => window.isAccepting && this.onopen?.());
        }
        close() { this.closed = true; }
    };
    const { Link } = await import("/link.js");
    window.states = [];
    window.messages = [];
    window.link = new Link({
        socketUrl: "ws://urna.test/ws/drink/",
        jsonUrl: "/drink/results.json",
        shown: { version: 5, as_of: "2026-05-04T10:00:00.000000Z" },
        onSnapshot: (snapshot) => window.messages.push(snapshot.version),
        onState: (state) => window.states.push(state),
    });
    window.say = (socket, message) => socket.onmessage({ data: JSON.stringify(message) });
    window.beat = (changes) => say(sockets.at(-1), {
        type: "heartbeat", version: 5, as_of: "2026-05-04T10:00:02.000000Z", age: 0, since: 2, ...changes,
    });
    window.link.start();
}"""


def call_of(page: Page, module: str) -> Any:
    """Return a function that calls one of a module's by its name."""
    functions = page.evaluate_handle(f"import('/{module}.js')")
    return lambda name, *arguments: functions.evaluate(
        "(functions, [name, ...rest]) => functions[name](...rest)", [name, *arguments]
    )


class TestRules:
    @pytest.fixture
    def call(self, page: Page) -> Any:
        return call_of(page, "link")

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

    def test_a_heartbeat_of_a_later_frame_tells_that_one_was_lost(self, call: Any) -> None:
        shown = {"version": 5, "as_of": "2026-05-04T10:00:00.000999Z"}
        beat = {"version": 5, "as_of": "2026-05-04T10:00:10.001000Z", "since": 10}
        assert call("isAhead", beat, shown) is False
        assert call("isAhead", beat | {"version": 4}, shown) is False
        assert call("isAhead", beat | {"version": 6}, shown) is True
        assert call("isAhead", beat | {"since": 9.9}, shown) is True
        # Of the last release, and before the first read.
        assert call("isAhead", {"version": 5, "as_of": beat["as_of"]}, shown) is False
        assert call("isAhead", {"version": None, "as_of": None, "since": None}, shown) is False

    def test_the_pause_doubles_up_to_ten_seconds_and_is_spread(self, call: Any) -> None:
        assert [call("backoff", attempt, 1) for attempt in range(7)] == [500, 1000, 2000, 4000, 8000, 10000, 10000]
        assert call("backoff", 1, 0) == 500


class TestLink:
    def test_a_socket_that_falls_silent_is_given_up_and_opened_again(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("beat()")
        page.clock.run_for(5900)
        assert page.evaluate("[states, sockets.length]") == [["connecting", "live"], 1]
        page.clock.run_for(1100)
        assert page.evaluate("[states[2], sockets[0].closed, sockets.length]") == ["lost", True, 2]

    def test_without_a_socket_it_asks_every_few_seconds_until_a_socket_speaks(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose()")
        page.clock.run_for(3100)
        page.wait_for_function("states.at(-1) === 'asking'")
        assert page.evaluate("[messages, link.status().wait]") == [[7], 4]
        page.evaluate("say(sockets.at(-1), { version: 8, as_of: '2026-05-04T11:00:01.000000Z' })")
        page.clock.run_for(5500)
        assert page.evaluate("[states.at(-1), messages]") == ["live", [7, 8]]

    def test_it_says_lost_while_nothing_answers(self, page: Page) -> None:
        page.route("**/results.json", lambda route: route.abort())
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose()")
        with page.expect_event("requestfailed"):
            page.clock.run_for(3100)
        assert page.evaluate("[states, messages]") == [["connecting", "lost"], []]

    def test_it_counts_down_to_the_next_attempt(self, page: Page) -> None:
        page.evaluate("Math.random = () => 1")
        page.evaluate(START_LINK)
        page.evaluate("link.attempt = 3; sockets[0].onclose()")
        # By a request after 3 s, and by a socket after 4.
        assert page.evaluate("[link.status().state, link.status().wait]") == ["lost", 3]
        page.clock.run_for(1100)
        assert page.evaluate("link.status().wait") in (1, 2)

    def test_an_older_version_is_never_shown(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("say(sockets[0], { version: 6, as_of: '2026-05-04T10:00:03.000000Z' })")
        page.evaluate("say(sockets[0], { version: 5, as_of: '2026-05-04T10:00:04.000000Z' })")
        page.evaluate("say(sockets[0], { version: 6, as_of: '2026-05-04T10:00:02.000000Z' })")
        assert page.evaluate("[messages, link.shown.version]") == [[6], 6]

    def test_the_age_runs_from_the_last_good_read_and_not_from_the_last_message(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("beat()")
        for seconds in (2, 4, 6, 8):
            page.clock.run_for(2000)
            page.evaluate(f"beat({{ age: {seconds} }})")
        assert page.evaluate("link.status()") == {"state": "live", "age": 8, "stale": True, "wait": 4}
        page.evaluate("beat({ as_of: '2026-05-04T10:00:10.000000Z', age: 0.4, since: 10 })")
        assert page.evaluate("[link.status().age, link.status().stale]") == [0, False]
        # The server's clock, however wrong this device's is.
        page.clock.run_for(600)
        assert 0 <= page.evaluate("link.serverTime() - Date.parse('2026-05-04T10:00:11Z')") < 5000

    def test_a_frame_that_was_lost_is_asked_for_once(self, page: Page) -> None:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(START_LINK)
        page.evaluate("beat({ version: 7 }); beat({ version: 7 })")
        page.clock.run_for(1000)
        page.wait_for_function("messages.length === 1")
        assert page.evaluate("[messages, states]") == [[7], ["connecting", "live"]]
        page.evaluate("beat({ version: 7, as_of: '2026-05-04T11:00:02.000000Z' })")
        page.clock.run_for(1000)
        assert [url.rpartition("/")[2] for url in asked].count("results.json") == 1

    def test_a_server_that_closes_at_once_is_asked_less_and_less_often(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("""() => {
            const Fake = WebSocket;
            window.WebSocket = class extends Fake {
                constructor(...how) { super(...how); setTimeout(() => this.closed || this.onclose(), 1); }
            };
            sockets[0].onclose();
        }""")
        page.clock.run_for(30000)
        assert 5 <= page.evaluate("sockets.length") <= 10

    def test_coming_back_online_tries_at_once(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("sockets[0].onclose(); link.hurry()")
        assert page.evaluate("sockets.length") == 2
        page.evaluate("beat(); link.hurry()")
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

    def test_a_socket_that_opens_and_says_nothing_is_replaced_by_requests(self, page: Page) -> None:
        # As behind a proxy that holds back what it is sent.
        page.evaluate(START_LINK)
        page.clock.run_for(9100)
        page.wait_for_function("states.at(-1) === 'asking'")
        assert page.evaluate("[messages, sockets.length >= 2]") == [[7], True]

    def test_without_websockets_it_asks(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("link.stop(); window.WebSocket = undefined; link.start()")
        page.clock.run_for(3100)
        page.wait_for_function("states.at(-1) === 'asking'")
        assert page.evaluate("messages") == [7]


class TestChanges:
    """What the socket sends to a page that has asked for changes; tests/results/test_changes_js.py has more of them."""

    WHOLE = "say(sockets[0], { version: 6, as_of: '2026-05-04T10:00:01.000000Z', contests: [{ n: 1 }], frame: 3 })"
    CHANGE = """say(sockets[0], { type: "change", base: %s, change: {
        version: %s, as_of: "2026-05-04T10:00:0%s.000000Z", contests: { 0: { n: %s } }, frame: %s,
    } })"""

    def test_are_asked_for_and_drawn(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate(self.WHOLE)
        page.evaluate(self.CHANGE % (3, 7, 2, 8, 4))
        assert page.evaluate("[sockets[0].protocols, messages]") == [["urna.changes.v1"], [6, 7]]
        assert page.evaluate("[link.shown.contests, link.shown.version]") == [[{"n": 8}], 7]

    def test_leave_what_was_shown_before_as_it_was(self, page: Page) -> None:
        """The page compares the two."""
        page.evaluate(START_LINK)
        page.evaluate("() => { window.pairs = []; link.onSnapshot = (...pair) => pairs.push(JSON.stringify(pair)); }")
        page.evaluate(self.WHOLE)
        page.evaluate(self.CHANGE % (3, 7, 2, 8, 4))
        after, before = json.loads(page.evaluate("pairs[1]"))
        assert (before["contests"], after["contests"]) == ([{"n": 1}], [{"n": 8}])

    def test_of_another_frame_are_passed_over_until_the_next_whole_snapshot(self, page: Page) -> None:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        # The request for what was missed comes after a second.
        page.evaluate("Math.random = () => 1")
        page.evaluate(START_LINK)
        page.evaluate(self.WHOLE)
        page.evaluate(self.CHANGE % (4, 9, 3, 8, 5))
        page.evaluate(self.CHANGE % (5, 9, 4, 9, 6))
        assert page.evaluate("[messages, link.shown.contests]") == [[6], [{"n": 1}]]
        # Meanwhile a request, which has another frame than any change is of.
        page.clock.run_for(1000)
        page.wait_for_function("messages.length === 2")
        page.evaluate(self.CHANGE % (6, 9, 5, 9, 7))
        assert page.evaluate("messages") == [6, 7]
        page.evaluate("say(sockets[0], { version: 9, as_of: '2026-05-04T12:00:01.000000Z', contests: [{}], frame: 8 })")
        page.evaluate(self.CHANGE.replace("10:00", "12:00") % (8, 10, 2, 7, 9))
        assert page.evaluate("[messages, link.shown.contests]") == [[6, 7, 9, 10], [{"n": 7}]]
        assert [url.rpartition("/")[2] for url in asked].count("results.json") == 1

    def test_go_on_from_a_frame_that_is_older_than_what_the_page_shows(self, page: Page) -> None:
        """Where nobody votes, a page that was loaded just now is newer than the newest frame."""
        page.evaluate(START_LINK)
        page.evaluate(
            "say(sockets[0], { version: 5, as_of: '2026-05-04T09:00:00.000000Z', contests: [{ n: 1 }], frame: 1 })"
        )
        assert page.evaluate("messages") == []
        page.evaluate(self.CHANGE % (1, 6, 2, 4, 2))
        assert page.evaluate("[messages, link.shown.contests]") == [[6], [{"n": 4}]]

    def test_of_one_socket_are_none_of_the_next(self, page: Page) -> None:
        # The next socket after half a second, and no request before three.
        page.evaluate("Math.random = () => 1")
        page.evaluate(START_LINK)
        page.evaluate(self.WHOLE)
        page.evaluate("sockets[0].onclose()")
        page.clock.run_for(600)
        page.evaluate((self.CHANGE % (3, 9, 3, 8, 4)).replace("sockets[0]", "sockets[1]"))
        assert page.evaluate("[messages, sockets.length]") == [[6], 2]

    def test_of_a_server_that_knows_none_are_given_up_at_once(self, page: Page) -> None:
        """A browser closes a socket before it is open where the sub-protocol is not answered."""
        page.evaluate(START_LINK)
        page.evaluate("link.stop(); sockets.length = 0; link.open(); sockets[0].onclose()")
        assert page.evaluate("sockets.map((one) => one.protocols)") == [["urna.changes.v1"], []]
        page.evaluate("say(sockets[1], { version: 6, as_of: '2026-05-04T10:00:01.000000Z' })")
        assert page.evaluate("[messages, states.at(-1)]") == [[6], "live"]
        # The server may be a newer one by the next time.
        page.evaluate("sockets[1].onclose()")
        page.clock.run_for(600)
        assert page.evaluate("sockets.at(-1).protocols") == ["urna.changes.v1"]

    def test_do_not_make_a_page_try_twice_as_often_for_ever(self, page: Page) -> None:
        page.evaluate(START_LINK)
        page.evaluate("""() => {
            window.isAccepting = false;
            const Fake = WebSocket;
            window.WebSocket = class extends Fake {
                constructor(url, protocols) {
                    super(url, protocols);
                    setTimeout(() => this.closed || this.onclose(), 1);
                }
            };
            sockets[0].onclose();
        }""")
        page.clock.run_for(30000)
        assert 10 <= page.evaluate("sockets.length") <= 20
