"""Voters who see in a real browser what the record says of their ballots, where an election lets them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from polls import ballot_box
from polls.definition import Definition
from polls.models import Election
from record import recorder
from tally.drain import drain_all
from tally.lifecycle import turn_phases
from tests.between import loop_allowed
from tests.conftest import voter_of

from .test_receipt_js import ORIGIN, serve

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election(checkable=True)
    turn_phases()
    recorder.keep_logs()
    return made


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def mark_of(election: Election, voter: str) -> ballot_box.Mark:
    definition = Definition.of(election)
    mark = ballot_box.read_mark(definition, voter_of(definition, voter))
    assert mark
    return mark


def count(cast: Any, election: Election, **chosen: str) -> None:
    for voter, option in chosen.items():
        cast(election, voter, option)
    drain_all()
    recorder.keep_logs()


def opened(page: Page, mark: ballot_box.Mark, opening: str = "") -> str:
    """Open the page of a receipt with an opening; return what it says of that."""
    with loop_allowed():
        page.goto("about:blank")
        page.goto(f"{ORIGIN}/drink/receipt/?entry={mark.receipt}#open-{opening or mark.opening}")
        page.wait_for_selector("[data-opens]:not([data-opens=busy]):visible")
        return page.inner_text("[data-opening]")


class TestOpening:
    def test_tells_the_voter_what_the_record_says(self, drink, cast, page):
        count(cast, drink, ana="nesquik", eva="cola-cao", leo="nesquik")
        serve(page)
        assert "Nesquik" in opened(page, mark_of(drink, "ana"))
        text = opened(page, mark_of(drink, "eva"))
        assert "Cola-Cao" in text
        assert "Nesquik" not in text
        assert "weighs" not in text
        assert "cannot check the signature" not in text

    def test_goes_no_further_than_the_browser(self, drink, cast, page):
        count(cast, drink, ana="nesquik")
        asked = serve(page)
        mark = mark_of(drink, "ana")
        opened(page, mark)
        assert asked
        assert not [path for path in asked if mark.opening in path]

    def test_is_of_the_last_ballot_of_a_voter(self, drink, cast, page):
        count(cast, drink, ana="nesquik")
        first = mark_of(drink, "ana")
        count(cast, drink, ana="cola-cao")
        serve(page)
        assert "Cola-Cao" in opened(page, mark_of(drink, "ana"))
        assert "Nesquik" in opened(page, first)

    def test_of_another_entry_is_refused(self, drink, cast, page):
        count(cast, drink, ana="nesquik", eva="nesquik")
        serve(page)
        assert "does not open this entry" in opened(page, mark_of(drink, "ana"), mark_of(drink, "eva").opening)

    @pytest.mark.parametrize("opening", ["x", "AAAA", "A" * 60, "-_" * 30, "%00"])
    def test_that_is_cut_is_named(self, drink, cast, page, opening):
        count(cast, drink, ana="nesquik")
        serve(page)
        text = opened(page, mark_of(drink, "ana"), opening)
        assert "A part of the address is missing" in text

    def test_of_a_record_whose_tiles_contradict_its_head_is_named(self, drink, cast, page):
        count(cast, drink, ana="nesquik", eva="nesquik", leo="nesquik")
        mark = mark_of(drink, "ana")
        serve(page, lambda path, content: content[::-1] if path.endswith("/record/key") else content)
        assert "A signature or a hash of the record" in opened(page, mark)

    def test_says_nothing_about_the_ballot_while_the_record_cannot_be_reached(self, drink, cast, page):
        count(cast, drink, ana="nesquik")
        serve(page, lambda path, content: None if "/record/tile/" in path else content)
        assert "says nothing about the ballot" in opened(page, mark_of(drink, "ana"))


MARKINGS = [
    ("plurality", {}, "q1=ana", "Ana"),
    ("approval", {}, "q1=ana,bea", "Ana, Bea"),
    ("score", {}, "q1=ana:5,bea:0", "Ana: 5, Bea: 0"),
    ("majority-judgment", {}, "q1=ana:5,bea:0", "Ana: Excellent, Bea: To reject"),
    ("irv", {}, "q1=bea>ana", "Bea > Ana"),
    ("schulze", {}, "q1=ana=bea", "Ana = Bea"),
    ("plurality", {"blank": True}, "q1=", "blank"),
]


@pytest.mark.parametrize(("method", "rules", "marking", "words"), MARKINGS)
def test_markings_are_told_in_the_words_of_the_paper(make_election, cast, page, method, rules, marking, words):
    election = make_election(options=("ana", "bea"), method=method, rules=rules, checkable=True)
    turn_phases()
    cast(election, "ana", marking)
    drain_all()
    recorder.keep_logs()
    serve(page)
    text = opened(page, mark_of(election, "ana"))
    assert f"drink?\n{words}" in text.replace("\n\n", "\n")


def test_nobody_gets_an_opening_where_the_election_does_not_say_so(make_election, cast, client: Client):
    election = make_election(slug="tea")
    turn_phases()
    cast(election, "ana", "nesquik")
    drain_all()
    recorder.keep_logs()
    mark = mark_of(election, "ana")
    assert (mark.receipt != "", mark.opening) == (True, "")
    assert b"opening.js" not in client.get(f"/tea/receipt/?entry={mark.receipt}").content
