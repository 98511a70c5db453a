"""Edits of an election that opens, closes, or is edited by somebody else while its form is open."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office import saving
from polls import ballot_box, publishing
from polls.ballot_box import Unavailable
from polls.models import Election
from tally.healing import keep_box

pytestmark = [pytest.mark.large, pytest.mark.urls("voting_site.urls.admin")]


@pytest.fixture
def organiser(transactional_db: None, admin_user: Any) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def page_of(election: Election) -> str:
    return reverse("admin:polls_election_change", args=[election.pk])


def loaded_form(organiser: Client, election: Election, **changes: str) -> dict[str, str]:
    """Return what a browser sends of the form that it has loaded, with changes."""
    context = organiser.get(page_of(election)).context
    form, formset = context["adminform"].form, context["inline_admin_formsets"][0].formset
    sent = {}
    for one in (form, formset.management_form, *formset.initial_forms):
        for field in one:
            value = field.value()
            if hasattr(field.field, "fields"):
                values = field.field.widget.decompress(value)
                sent |= {f"{field.html_name}_{part}": str(one or "") for part, one in enumerate(values)}
            elif value is not None and value is not False:
                sent[field.html_name] = str(value)
    return sent | {"contests-TOTAL_FORMS": str(len(formset.initial_forms))} | changes


@contextmanager
def opening(election: Election) -> Iterator[None]:
    """Let an election open at the end of the block, by the box's clock and by PostgreSQL's."""
    opens_at = timezone.now() + dt.timedelta(seconds=5)
    Election.objects.filter(pk=election.pk).update(opens_at=opens_at)
    election.refresh_from_db()
    publishing.publish_election(election)
    yield
    while timezone.now() <= opens_at + dt.timedelta(milliseconds=5):
        time.sleep(0.01)


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    return make_election(opens_at=timezone.now() + dt.timedelta(hours=1))


class TestOpening:
    def test_refuses_an_edit_of_what_voters_see_and_keeps_what_was_typed(self, organiser, drink):
        with opening(drink):
            form = loaded_form(organiser, drink, title="Beer?", **{"contests-0-option_lines": "Wheat\nCola-Cao"})
        response = organiser.post(page_of(drink), form)
        page = response.content.decode()
        assert response.status_code == 409
        assert "Nothing was saved." in page
        assert 'value="Beer?"' in page
        assert "Wheat" in page
        assert "Saved, and published." not in page
        drink.refresh_from_db()
        assert (drink.title, ballot_box.read_definition("drink")[0].title) == ("drink?", "drink?")
        assert [option.label for option in drink.contests.get().options.all()] == ["Nesquik", "Cola-Cao"]

    def test_lets_an_edit_through_that_leaves_what_voters_see(self, organiser, drink):
        with opening(drink):
            form = loaded_form(organiser, drink, closes_at_0="2099-01-01", closes_at_1="10:00")
        response = organiser.post(page_of(drink), form, follow=True)
        assert "Saved, and published." in response.content.decode()
        drink.refresh_from_db()
        assert drink.closes_at.year == 2099
        assert ballot_box.read_definition("drink")[0].closes_at is not None

    def test_between_the_check_and_the_publication_refuses_as_well(self, organiser, drink, monkeypatch):
        offer = ballot_box.offer
        with opening(drink):
            form = loaded_form(organiser, drink, title="Beer?")
            opens = ballot_box.read_definition("drink")[0].opens_at

            def wait_after_the_try(*args: Any, mode: Any = "offer", **kwargs: Any) -> Any:
                replies = offer(*args, mode=mode, **kwargs)
                while mode == "try" and ballot_box.read_definitions()[1] <= opens:
                    time.sleep(0.01)
                return replies

            monkeypatch.setattr(ballot_box, "offer", wait_after_the_try)
            response = organiser.post(page_of(drink), form)
        assert response.status_code == 409
        assert 'value="Beer?"' in response.content.decode()
        drink.refresh_from_db()
        assert (drink.title, ballot_box.read_definition("drink")[0].title) == ("drink?", "drink?")
        # The page shows the late edit to everybody who opens it.
        page = organiser.get(page_of(drink)).content.decode()
        assert "came after the election had begun" in page
        assert "Beer?" in page


class TestUnreachableBox:
    def test_says_that_an_edit_is_not_public_yet(self, organiser, drink, monkeypatch):
        form = loaded_form(organiser, drink, title="Beer?")

        def fail(*args: Any, **kwargs: Any) -> Any:
            raise Unavailable("away")

        with monkeypatch.context() as patch:
            patch.setattr(ballot_box, "offer", fail)
            page = organiser.post(page_of(drink), form | {"_continue": "1"}, follow=True).content.decode()
        assert "not published" in page
        assert "Saved, and published." not in page
        assert "has not taken the last change yet" in page
        keep_box()
        assert "has not taken the last change yet" not in organiser.get(page_of(drink)).content.decode()
        assert ballot_box.read_definition("drink")[0].title == "Beer?"


class TestClose:
    def test_refuses_to_move_a_closing_that_is_past(self, organiser, make_election):
        closes_at = timezone.now() + dt.timedelta(seconds=2)
        drink = make_election(closes_at=closes_at)
        form = loaded_form(organiser, drink, closes_at_0="2099-01-01", closes_at_1="10:00")
        while ballot_box.read_definitions()[1] <= closes_at.timestamp() * 1000:
            time.sleep(0.01)
        response = organiser.post(page_of(drink), form)
        assert response.status_code == 409
        assert "cannot be opened again" in response.content.decode()
        drink.refresh_from_db()
        assert drink.closes_at == closes_at


class TestOptions:
    def test_may_swap_their_labels_in_one_save(self, organiser, drink):
        swapped = {"contests-0-option_lines": "Cola-Cao\nNesquik"}
        page = organiser.post(page_of(drink), loaded_form(organiser, drink, **swapped), follow=True)
        assert "Saved, and published." in page.content.decode()
        assert list(drink.contests.get().options.values_list("key", "label")) == [
            ("cola-cao", "Cola-Cao"),
            ("nesquik", "Nesquik"),
        ]

    def test_of_somebody_else_are_not_lost(self, organiser, drink):
        form = loaded_form(organiser, drink)
        added = drink.contests.create(key="q2", title="And when?")
        page = organiser.post(page_of(drink), form).content.decode()
        assert "Somebody else has added the question “And when?”" in page
        assert drink.contests.filter(pk=added.pk).exists()


class TestAnnouncement:
    def test_waits_for_the_commit(self, organiser, drink, monkeypatch):
        seen = []
        other = Election.objects.using("default")

        def look(pk: int) -> None:
            from django.db import connection

            seen.append((connection.in_atomic_block, other.get(pk=pk).title))

        monkeypatch.setattr(saving, "announce", look)
        organiser.post(page_of(drink), loaded_form(organiser, drink, title="Beer?"))
        assert seen == [(False, "Beer?")]
