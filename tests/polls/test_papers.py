"""The ballot page of a paper with several contests."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from polls import ballot_box
from polls.methods import OptionOnBallot
from tests.conftest import contest
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.vote")

BALLOTS = ballot_box.key(1, 0, "ballots")
CONTESTS = (
    contest("q1", title="Shall we move?", options=("yes", "no", "abstain"), method="motion"),
    contest("q2", title="Board", options=("ana", "bea", "carlo"), method="approval", rules={"max_choices": 2}),
    contest("q3", title="Colour", options=("red", "blue"), rules={"blank": True}),
)


@pytest.fixture
def paper(define: Any) -> Any:
    return define(title="Meeting", contests=CONTESTS)


def send(browser: Client, **marks: Any) -> Any:
    form = read_form(browser.get("/drink/").content.decode())
    return browser.post("/drink/", form | marks)


def marking_in_the_box(box: Any) -> bytes:
    [(_, fields)] = box.xrange(BALLOTS)
    return fields[b"marking"]


@pytest.mark.usefixtures("paper")
class TestPage:
    def test_shows_each_contest_under_its_own_heading(self, browser):
        page = browser.get("/drink/").content.decode()
        assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == ["Shall we move?", "Board", "Colour"]
        assert page.count("<h1") == 1
        assert len(re.findall(r'name="q1"', page)) == 3
        assert "Leave this question blank" in page

    def test_is_one_ballot_with_one_marking(self, browser, box):
        assert send(browser, q1="yes", q2=["carlo", "ana"], q3="red").status_code == 303
        assert marking_in_the_box(box) == b"q1=yes;q2=ana,carlo;q3=red"

    @pytest.mark.parametrize("blank", [{}, {"q3": ""}])
    def test_may_leave_blank_what_its_rules_allow(self, browser, box, blank):
        assert send(browser, q1="yes", q2="ana", **blank).status_code == 303
        assert marking_in_the_box(box) == b"q1=yes;q2=ana;q3="

    def test_says_at_each_contest_what_is_wrong_and_keeps_what_is_marked(self, browser, box):
        response = send(browser, q2=["ana", "bea", "carlo"], q3="blue")
        page = response.content.decode()
        assert response.status_code == 400
        assert "Look at these questions again: “\u2068Shall we move?\u2069”, “\u2068Board\u2069”." in page
        assert re.search(r'id="q1-error">Nothing is chosen yet', page)
        assert re.search(r'id="q2-error">At most 2 options', page)
        assert 'id="q3-error"' not in page
        assert len(re.findall(r'value="(?:ana|bea|carlo|blue)"\s+checked', page)) == 4
        assert box.xlen(BALLOTS) == 0

    @pytest.mark.parametrize(
        "marks",
        [
            {"q1": "ana", "q2": "ana"},
            {"q1": "yes", "q2": "red"},
            {"q1": "yes", "q2": "ana", "q4": "x"},
            {"q1": "yes", "q2": "ana", "q2:ana": "1", "zz": "1"},
            {"q1": ["yes", "no"], "q2": "ana"},
            {"q1": "yes;q2=bea", "q2": "ana"},
            {"q1": "yes", "q2": "ana,bea"},
        ],
    )
    def test_takes_nothing_that_is_not_on_it(self, browser, box, marks):
        response = send(browser, **marks)
        assert response.status_code == 400
        assert box.xlen(BALLOTS) == 0

    def test_refuses_a_thousand_fields(self, browser, box):
        assert send(browser, q1="yes", **{f"x{number}": "1" for number in range(3000)}).status_code == 400
        assert box.xlen(BALLOTS) == 0

    def test_of_an_older_design_comes_back_filled_in_as_far_as_it_can(self, browser, define):
        form = read_form(browser.get("/drink/").content.decode())
        define(revision=2, title="Meeting", contests=CONTESTS[1:])
        response = browser.post("/drink/", form | {"q1": "yes", "q2": "ana", "q3": "blue"})
        page = response.content.decode()
        assert response.status_code == 409
        assert len(re.findall(r'value="(?:ana|blue)"\s+checked', page)) == 2


class TestLargePaper:
    def test_of_50_contests_and_1000_options_can_be_filled_in(self, define, browser, box):
        options = tuple(f"option-{number}" for number in range(20))
        contests = [contest(f"q{n}", title=f"Question {n}", options=options, method="approval") for n in range(1, 51)]
        define(contests=tuple(contests))
        response = send(browser, **{one.key: list(options) for one in contests})
        assert response.status_code == 303
        assert marking_in_the_box(box).count(b"option-") == 1000


class TestRandomOrder:
    def order(self, browser: Client) -> list[str]:
        return re.findall(r'name="q1" value="([^"]+)"', browser.get("/drink/").content.decode())

    def test_is_the_voters_own_and_stays(self, define):
        options = tuple(OptionOnBallot(f"o{number}", f"Option {number}") for number in range(9))
        define(contests=(replace(contest(rules={"random_order": True}), options=options),))
        orders = []
        for _ in range(8):
            browser = Client()
            first = self.order(browser)
            assert self.order(browser) == first
            assert sorted(first) == [option.key for option in options]
            orders.append(tuple(first))
        assert len(set(orders)) > 1


class TestPaperOfTheFirstRelease:
    def test_takes_the_forms_that_were_out_when_it_was_updated(self, define, browser, box):
        define(design="0123456789abcdef")
        assert send(browser, choice="nesquik").status_code == 303
        assert marking_in_the_box(box) == b"q1=nesquik"

    def test_knows_a_retry_by_the_hash_of_its_time(self, define):
        first, second = define(design="0123456789abcdef"), define(revision=2)
        # SHA-256 of `nesquik`, as the first release wrote it into marks.
        assert first.hash_marking("q1=nesquik") == "d87cb3618bc397c7"
        assert first.hash_marking("q1=nesquik") != second.hash_marking("q1=nesquik")


def test_what_an_option_says_of_itself_stays_within_its_label(define, browser):
    options = tuple(OptionOnBallot(key, key.title(), "Knows *all*\n\n- that") for key in ("ana", "bea"))
    define(contests=(contest(options=("ana", "bea")), replace(contest("q2"), title="Board", options=options)))
    page = browser.get("/drink/").content.decode()
    assert page.count('<small class="choice-text" dir="auto">Knows <em>all</em>') == 2
    assert "<li>" not in page
