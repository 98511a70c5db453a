"""What the dashboard's script draws, against what the server writes of the same snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Page

from polls.methods import OptionOnBallot
from polls.models import Election
from results.snapshot import Certificate, Snapshot
from tests.conftest import contest

from .papers import DECIDED, LIVELY, NOON, NOTHING, PAPER, approval, make_snapshot, render, single

pytestmark = pytest.mark.urls("voting_site.urls.result")

# Opens a page that the server has written, and draws another snapshot over it.
DRAW = """async ([written, snapshot]) => {
    const page = new DOMParser().parseFromString(written, "text/html");
    const root = document.documentElement;
    for (const one of page.documentElement.attributes) root.setAttribute(one.name, one.value);
    const { Board } = await import("/board.js");
    document.body.replaceChildren(page.querySelector("main"));
    const words = JSON.parse(document.getElementById("words").textContent);
    window.board = new Board(document.querySelector("main"), words);
    board.draw(snapshot);
    board.drawTime(snapshot.as_of);
}"""

# Lists the elements of the open page, or of one that the server has written: their attributes and their own text.
LIST = """(written) => {
    const page = written ? new DOMParser().parseFromString(written, "text/html") : document;
    const told = ({ name, value }) => `${name}=${value}`;
    const text = (node) => node.nodeType === Node.TEXT_NODE ? node.textContent.trim() : "";
    return Array.from(page.querySelectorAll("main :not(script)"), (element) => [
        element.localName, Array.from(element.attributes, told).sort().join(" "),
        Array.from(element.childNodes, text).join(""),
    ].join(" "));
}"""


def draw(page: Page, before: Snapshot, after: Snapshot, language: str = "en") -> list[str]:
    """Open the page of one snapshot, draw another, and list what is there then."""
    page.evaluate(DRAW, [render(before, language), after.as_dict()])
    return list(page.evaluate(LIST, None))


# Results that go in steps, of which nobody says how many ballots wait.
IN_STEPS = replace(PAPER, step=10)


def final(counts: Mapping[str, int], ballots: int) -> Snapshot:
    return make_snapshot(counts, ballots, phase="closed", final=True)


class TestBoard:
    @pytest.mark.parametrize("language", ["en", "en-gb", "es", "ar"])
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (make_snapshot(NOTHING, 0), make_snapshot(LIVELY, 12)),
            (make_snapshot(LIVELY, 12), make_snapshot(NOTHING, 0)),
            (make_snapshot(LIVELY, 12), final(DECIDED, 12)),
            (make_snapshot(NOTHING, 0), final({"board:ana": 1}, 1)),
            (make_snapshot(NOTHING, 0, phase="scheduled"), make_snapshot({"dues:yes": 9}, 9)),
            (make_snapshot({"dues:yes": 9}, 9, pending=2), final({"dues:no": 10}, 10)),
            (make_snapshot(NOTHING, 0), make_snapshot({"chair:-blank": 1}, 1, pending=None)),
            (make_snapshot(LIVELY, 12), make_snapshot(LIVELY, 12, rest=1234)),
            (make_snapshot(LIVELY, 12, rest=8), make_snapshot(LIVELY, 12)),
            (make_snapshot(NOTHING, 0, IN_STEPS, pending=None), make_snapshot(LIVELY, 12, IN_STEPS, pending=None)),
            (
                make_snapshot(LIVELY, 12, IN_STEPS, pending=None),
                make_snapshot(DECIDED, 12, IN_STEPS, phase="closed", final=True),
            ),
        ],
        ids=[
            "a tie at the last seat",
            "back to nothing",
            "decided",
            "seats that stay empty",
            "opening, without a quorum",
            "not carried",
            "one blank",
            "counting takes long",
            "counting takes long no more",
            "in steps",
            "the last step",
        ],
    )
    def test_draws_three_contests_as_the_server_writes_them(
        self, page: Page, language: str, before: Snapshot, after: Snapshot
    ) -> None:
        drawn = draw(page, before, after, language)
        assert len(drawn) > 100
        assert drawn == page.evaluate(LIST, render(after, language))

    @pytest.mark.parametrize("language", ["en", "en-gb", "es", "ar"])
    @pytest.mark.parametrize(
        ("method", "counts"),
        [
            ("score", {"q1:ana:5": 1, "q1:bea:1": 1}),
            ("schulze", {"q1:ana>bea": 1, "q1:ana>carlo": 1}),
            ("irv", {"q1:bea>ana": 1}),
        ],
    )
    def test_draws_points_and_wins_as_the_server_writes_them(self, page: Page, language: str, method, counts) -> None:
        paper = single(contest(options=("ana", "bea", "carlo"), method=method))
        before, after = make_snapshot({}, 0, paper), make_snapshot(counts, 1, paper)
        draw(page, before, after, language)
        standings = "(written) => (written ? new DOMParser().parseFromString(written, 'text/html') : document)"
        standings += ".querySelector('.standings').innerHTML"
        drawn = page.evaluate(standings, None)
        assert drawn == page.evaluate(standings, render(after, language))
        assert drawn.count("data-key") == 3

    def test_draws_a_motion_that_nobody_can_decide_as_the_server_writes_it(self, page: Page) -> None:
        rules = {"majority": "two-thirds", "basis": "entitled", "quorum": "1/3"}
        paper = single(contest(options=("yes", "no"), method="motion", rules=rules))
        before, after = make_snapshot({}, 0, paper), make_snapshot({"q1:yes": 3}, 3, paper)
        drawn = draw(page, before, after)
        assert drawn == page.evaluate(LIST, render(after))
        assert "cannot be decided: it is not known how many are entitled to vote" in page.inner_text("main")

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
    @pytest.mark.parametrize("language", ["en", "en-gb", "es", "ar"])
    def test_draws_the_figures_that_the_server_writes(
        self, page: Page, language: str, counts: Sequence[int], ballots: int
    ) -> None:
        after = approval(counts, ballots)
        drawn = draw(page, approval([0] * len(counts), 0), after, language)
        assert drawn == page.evaluate(LIST, render(after, language))

    @pytest.mark.parametrize("hidden", [{}, {"permille": None}], ids=["absent", "null"])
    def test_leaves_out_a_share_that_there_is_not(self, page: Page, hidden: dict[str, None]) -> None:
        shown = approval((1,), 2).as_dict()
        shown["contests"][0]["options"] = [{"key": "o0", "label": "Option 0", "count": 1, **hidden}]
        page.evaluate(DRAW, [render(approval((1,), 2)), shown])
        assert page.inner_text("[data-share]") == ""
        assert page.get_attribute("[data-bar]", "width") == "0%"

    def test_passes_over_what_the_page_does_not_have_yet(self, page: Page) -> None:
        first, *others = PAPER.contests
        older = replace(first, options=first.options[1:])
        before = make_snapshot({}, 0, replace(PAPER, contests=(older, *others[1:])))
        draw(page, before, make_snapshot(LIVELY, 12))
        assert page.locator("[data-key=bea] [data-count]").inner_text() == "5"


class TestSentences:
    def say(self, page: Page, snapshot: Snapshot) -> list[str]:
        page.evaluate(DRAW, [render(snapshot), snapshot.as_dict()])
        return list(page.evaluate("board.sentences()"))

    def test_are_one_for_the_whole_and_one_for_each_contest(self, page: Page) -> None:
        assert self.say(page, make_snapshot(LIVELY, 12)) == [
            "Voting is open",
            "Board: Ana Leading, Bea Level, Leo Level, and 1 more",
            "Chair: None Leading",
            "Raise the dues to 30 €: As it stands: carried",
        ]

    def test_leave_out_a_contest_of_which_there_is_nothing_to_say(self, page: Page) -> None:
        assert self.say(page, make_snapshot(NOTHING, 0, phase="scheduled")) == ["Not open yet"]

    def test_of_a_single_contest_name_who_is_ahead_and_no_number_that_changes_with_each_vote(self, page: Page) -> None:
        assert self.say(page, approval((3, 1), 4)) == ["Voting is open", "O0 Leading"]


class TestLinkWords:
    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ({"state": "live", "age": 0, "stale": False, "wait": 4}, "Live"),
            ({"state": "asking", "age": 3, "stale": False, "wait": 4}, "asking for new numbers every 4 s"),
            ({"state": "lost", "age": 7, "stale": True, "wait": 3}, "Connection lost, trying again in 3 s"),
            ({"state": "lost", "age": 7, "stale": True, "wait": 0}, "Connection lost, trying again in 1 s"),
        ],
    )
    def test_say_what_the_page_does(self, page: Page, status: dict[str, Any], words: str) -> None:
        draw(page, make_snapshot(LIVELY, 12), make_snapshot(LIVELY, 12))
        page.evaluate("(status) => board.drawLink(status)", status)
        assert words in page.inner_text("[data-link]")
        assert page.locator("[data-stale]").is_visible() is status["stale"]

    @pytest.mark.parametrize(("age", "words"), [(40, "40 s ago"), (300, "5 min ago")])
    def test_say_how_old_the_numbers_are(self, page: Page, age: int, words: str) -> None:
        draw(page, make_snapshot(LIVELY, 12), make_snapshot(LIVELY, 12))
        page.evaluate("(age) => board.drawLink({ state: 'lost', age, stale: true, wait: 1 })", age)
        assert f"Not up to date: data from {words}" in page.inner_text(".board-status")
        assert page.evaluate("board.sentences()[0]") == "Not up to date"


class TestRenewal:
    @pytest.fixture
    def outdates(self, page: Page) -> Any:
        renewal = page.evaluate_handle("import('/renewal.js')")
        return lambda *snapshots: renewal.evaluate(
            "(renewal, snapshots) => renewal.outdates(...snapshots)", [one.as_dict() for one in snapshots]
        )

    def test_is_wanted_for_another_question_and_not_for_another_count(self, outdates: Any) -> None:
        shown = make_snapshot({}, 0)
        assert outdates(make_snapshot(LIVELY, 12, version=2), shown) is False
        first, *others = PAPER.contests
        for changed in (
            replace(PAPER, contests=others),
            replace(PAPER, contests=(replace(first, title="Council"), *others)),
            replace(PAPER, contests=(replace(first, seats=2), *others)),
            replace(
                PAPER, contests=(replace(first, options=(OptionOnBallot("ana", "Anna"), *first.options[1:])), *others)
            ),
        ):
            assert outdates(make_snapshot({}, 0, changed), shown) is True

    def test_is_wanted_for_each_edit_before_the_opening_and_not_for_the_opening(self, outdates: Any) -> None:
        scheduled = make_snapshot({}, 0, phase="scheduled")
        assert outdates(replace(scheduled, version=2), scheduled) is True
        assert outdates(make_snapshot({}, 0, version=2), scheduled) is False

    def test_is_wanted_for_a_tie_that_is_drawn_after_the_close_and_for_the_certificate(self, outdates: Any) -> None:
        final = make_snapshot(LIVELY, 12, phase="closed", final=True)
        assert outdates(final, replace(final, pending=1)) is False
        assert outdates(replace(final, version=2), final) is True
        assert outdates(replace(final, certified=Certificate(NOON, "ab" * 32)), final) is True

    def test_is_wanted_once_an_election_is_cancelled(self, outdates: Any) -> None:
        scheduled, cancelled = (make_snapshot({}, 0, phase=phase) for phase in ("scheduled", "cancelled"))
        assert outdates(cancelled, scheduled) is True
        assert outdates(cancelled, cancelled) is False

    def test_shows_why_an_election_is_cancelled(self, page: Page) -> None:
        scheduled = make_snapshot({}, 0, phase="scheduled")
        election = Election(slug="drink", opens_at=NOON, time_zone="UTC", cancel_reason="The hall is <closed>.")
        cancelled = replace(make_snapshot({}, 0, phase="cancelled"), election=election)
        page.evaluate(DRAW, [render(scheduled), cancelled.as_dict()])
        page.route("**/drink/", lambda route: route.fulfill(body=render(cancelled)))
        page.evaluate("""async () => {
            history.replaceState(null, "", "/drink/");
            const { Renewal } = await import("/renewal.js");
            new Renewal(document.querySelector("main"), () => window.renewed = true).want();
        }""")
        page.clock.run_for(3000)
        page.wait_for_function("window.renewed")
        assert page.locator("[data-reason]").text_content() == "The hall is <closed>."

    def test_takes_questions_and_times_from_the_server_and_tries_again_where_it_is_out_of_reach(
        self, page: Page
    ) -> None:
        page.route("**/drink/", lambda route: route.abort())
        page.evaluate(DRAW, [render(approval((1,), 2)), approval((1,), 2).as_dict()])
        page.evaluate("""async () => {
            history.replaceState(null, "", "/drink/");
            const { Renewal } = await import("/renewal.js");
            window.renewed = 0;
            window.renewal = new Renewal(document.querySelector("main"), () => renewed += 1);
            renewal.want();
            renewal.want();
        }""")
        with page.expect_event("requestfailed"):
            page.clock.run_for(3000)
        assert page.evaluate("renewed") == 0
        page.unroute("**/drink/")
        page.route("**/drink/", lambda route: route.fulfill(body=render(make_snapshot(LIVELY, 12))))
        page.clock.run_for(13000)
        page.wait_for_function("renewed === 1")
        assert page.locator("[data-contest]").count() == 3


class TestTurnout:
    """An election with a roll, some of whose voters have several votes, and with a question for one group."""

    ROLL = replace(
        PAPER, eligibility="roll", contests=(*PAPER.contests[:2], replace(PAPER.contests[2], groups=("shares",)))
    )
    PLAIN: ClassVar = {"voted": 1, "entitled": 3000, "permille": 1}
    SMALL: ClassVar = {**PLAIN, "weight": 7, "entitled_weight": 9999}
    LARGE: ClassVar = {
        "voted": 1200, "entitled": 3000, "permille": 400, "weight": 1500, "entitled_weight": 9999,
        "groups": [
            {"name": "Física <b>", "voted": 700, "entitled": 1000, "permille": 700},
            {"name": "shares", "voted": 20, "entitled": 20, "permille": 1000},
        ],
    }  # fmt: skip

    @classmethod
    def snapshot(cls, turnout: Any, **changes: Any) -> Snapshot:
        entitled = turnout and dict.fromkeys(("board", "chair", "dues"), turnout["entitled"])
        return make_snapshot(LIVELY | {"dues:-ballots": 12}, 12, cls.ROLL, entitled, turnout=turnout, **changes)

    @pytest.mark.parametrize("language", ["en", "en-gb", "es", "ar"])
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (PLAIN, PLAIN | {"voted": 2}),
            (LARGE, LARGE | {"voted": 2999, "groups": LARGE["groups"][1:]}),
            (None, LARGE),
            (LARGE, SMALL),
        ],
        ids=["the same", "a group less", "known now", "no groups"],
    )
    def test_is_drawn_as_the_server_writes_it(self, page, before, after, language):
        weight = after.get("weight")
        first, second = (self.snapshot(one, weight=weight) for one in (before, after))
        drawn = draw(page, first, second, language)
        assert drawn == page.evaluate(LIST, render(second, language))

    def test_has_no_place_where_there_is_no_roll(self, page):
        drawn = draw(page, make_snapshot(NOTHING, 0), make_snapshot(LIVELY, 12))
        assert not any("data-entitled" in line for line in drawn)
