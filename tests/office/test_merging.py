"""Two organisers at one form, and times that stay where they are."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from office.time_fields import TimeField, as_shown, find_zone, read_time
from polls.models import Election
from tests.office.test_admin import draft, organiser
from tests.office.test_straddle import loaded_form, page_of

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

MADRID, NEW_YORK = find_zone("Europe/Madrid"), find_zone("America/New_York")


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    opens_at = timezone.now() + dt.timedelta(days=1)
    return make_election(opens_at=opens_at, closes_at=opens_at + dt.timedelta(days=1), time_zone="Europe/Madrid")


class TestTwoOrganisers:
    def test_both_edits_stand_where_they_are_of_different_fields(self, organiser, drink):
        mine = loaded_form(organiser, drink, description="A text.")
        theirs = loaded_form(organiser, drink, closes_at_0="2099-01-01", closes_at_1="10:00")
        organiser.post(page_of(drink), theirs)
        organiser.post(page_of(drink), mine)
        drink.refresh_from_db()
        assert (drink.description, drink.closes_at.year) == ("A text.", 2099)

    def test_both_values_are_shown_where_they_are_of_one_field(self, organiser, drink):
        mine = loaded_form(organiser, drink, description="Mine.")
        organiser.post(page_of(drink), loaded_form(organiser, drink, description="Theirs."))
        response = organiser.post(page_of(drink), mine)
        page = response.content.decode()
        assert "to “Theirs.”" in page
        assert "Mine.</textarea>" in page
        drink.refresh_from_db()
        assert drink.description == "Theirs."
        again = mine | {"base": response.context["adminform"].form["base"].value()}
        organiser.post(page_of(drink), again)
        drink.refresh_from_db()
        assert drink.description == "Mine."

    def test_options_are_merged_and_told_in_the_same_way(self, organiser, drink):
        mine = loaded_form(organiser, drink, **{"contests-0-option_lines": "Nesquik\nCola-Cao\nWater"})
        theirs = loaded_form(organiser, drink, **{"contests-0-option_lines": "Nesquik\nCola-Cao\nMilk"})
        title = loaded_form(organiser, drink, title="Drinks?")
        organiser.post(page_of(drink), theirs)
        organiser.post(page_of(drink), title)
        assert "Milk" in organiser.post(page_of(drink), mine).content.decode()
        drink.refresh_from_db()
        labels = [option.label for option in drink.contests.get().options.all()]
        assert (drink.title, labels) == ("Drinks?", ["Nesquik", "Cola-Cao", "Milk"])

    def test_the_same_edit_twice_is_no_conflict(self, organiser, drink):
        form = loaded_form(organiser, drink, description="Same.")
        organiser.post(page_of(drink), form)
        assert organiser.post(page_of(drink), form).status_code == 302

    @pytest.mark.parametrize("base", ["", "rubbish", "[]", '{"title": []}'])
    def test_a_form_that_does_not_say_what_it_showed_is_saved_as_it_is(self, organiser, drink, base):
        assert organiser.post(
            page_of(drink), loaded_form(organiser, drink, description="A.", base=base)
        ).status_code in (200, 302)


class TestTimes:
    def test_stay_where_they_are_when_the_zone_alone_is_changed(self, organiser, drink):
        before = (drink.opens_at, drink.closes_at)
        organiser.post(page_of(drink), loaded_form(organiser, drink, time_zone="America/New_York"))
        drink.refresh_from_db()
        assert drink.time_zone == "America/New_York"
        assert (drink.opens_at, drink.closes_at) == before

    def test_that_are_edited_are_meant_in_the_new_zone(self, organiser, drink):
        form = loaded_form(
            organiser, drink, time_zone="America/New_York", closes_at_0="2099-01-01", closes_at_1="10:00"
        )
        organiser.post(page_of(drink), form)
        drink.refresh_from_db()
        assert drink.closes_at == dt.datetime(2099, 1, 1, 15, 0, tzinfo=dt.UTC)

    def test_untouched_open_a_draft_when_it_is_published_in_whatever_zone(self, organiser):
        draft(organiser, opens_at_0="", opens_at_1="", time_zone="Asia/Tokyo")
        assert Election.objects.get().opens_at is None

    def test_in_the_hour_that_comes_twice_stay_in_the_second_one(self):
        second = dt.datetime(2026, 10, 25, 1, 30, 7, tzinfo=dt.UTC)
        assert as_shown(second, MADRID) == dt.datetime(2026, 10, 25, 2, 30)
        assert read_time(dt.datetime(2026, 10, 25, 2, 30), second, MADRID, MADRID) == second
        first = read_time(dt.datetime(2026, 10, 25, 2, 30), None, MADRID, MADRID)
        assert first.astimezone(dt.UTC) == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)

    def test_in_the_hour_that_does_not_exist_are_refused(self, organiser):
        with pytest.raises(ValidationError, match="the clocks go forward"):
            read_time(dt.datetime(2027, 3, 28, 2, 30), None, MADRID, MADRID)
        page = draft(organiser, closes_at_0="2027-03-28", closes_at_1="02:30").content.decode()
        assert "02:30 does not exist in Europe/Madrid" in page

    @pytest.mark.parametrize(
        ("typed", "read"),
        [
            (["", ""], None),
            (["2026-12-24", ""], dt.datetime(2026, 12, 24, 23, 59)),
            (["2026-12-24", "20:00"], dt.datetime(2026, 12, 24, 20, 0)),
        ],
    )
    def test_may_leave_out_the_time_of_day(self, typed, read):
        assert TimeField(end_of_day=True).clean(typed) == read

    @pytest.mark.parametrize("typed", [["", "20:00"], ["0001-01-01", "0:00"], ["9999-12-31", "23:59"], ["x", "y"]])
    def test_that_are_none_are_refused_in_a_sentence(self, organiser, typed):
        with pytest.raises(ValidationError):
            TimeField().clean(typed)
        page = draft(organiser, time_zone="America/New_York", closes_at_0=typed[0], closes_at_1=typed[1])
        assert page.status_code == 200
        assert not Election.objects.exists()


def test_an_edit_is_sent_from_a_page_that_was_loaded_before_a_close_of_somebody_else(organiser, make_election):
    drink = make_election(closes_at=timezone.now() + dt.timedelta(hours=1))
    form: Any = loaded_form(organiser, drink, closes_at_0="2099-01-01", closes_at_1="10:00")
    organiser.post(reverse("admin:polls_election_close", args=[drink.pk]))
    response = organiser.post(page_of(drink), form)
    assert response.status_code in (200, 409)
    drink.refresh_from_db()
    assert drink.closes_at.year != 2099


class TestOrder:
    @pytest.fixture
    def meeting(self, organiser: Any) -> Election:
        """A draft with three questions, A, B and C."""
        form = {"contests-TOTAL_FORMS": "3"}
        for number, title in enumerate("ABC"):
            name = f"contests-{number}"
            form |= {f"{name}-title": title, f"{name}-method": "plurality", f"{name}-seats": "1"}
            form |= {f"{name}-position": str(number), f"{name}-option_lines": "Yes\nNo"}
        draft(organiser, **form)
        return Election.objects.get()

    def placed(self, order: str) -> dict[str, str]:
        return {f"contests-{'ABC'.index(title)}-position": str(place) for place, title in enumerate(order)}

    def titles(self, election: Election) -> str:
        return "".join(election.contests.values_list("title", flat=True))

    def test_of_one_organiser_stands_if_the_other_has_moved_nothing(self, organiser, meeting):
        theirs = loaded_form(organiser, meeting, **self.placed("CAB"))
        mine = loaded_form(organiser, meeting, **{"contests-0-title": "a"})
        organiser.post(page_of(meeting), theirs)
        assert organiser.post(page_of(meeting), mine).status_code == 302
        assert self.titles(meeting) == "CaB"

    def test_of_both_is_told_and_the_later_one_waits(self, organiser, meeting):
        theirs = loaded_form(organiser, meeting, **self.placed("CAB"))
        mine = loaded_form(organiser, meeting, **self.placed("BAC"))
        organiser.post(page_of(meeting), theirs)
        response = organiser.post(page_of(meeting), mine)
        assert "in another order since you opened the page: C, A, B." in response.content.decode()
        assert self.titles(meeting) == "CAB"
        forms = response.context["inline_admin_formsets"][0].formset.initial_forms
        again = mine | {form["base"].html_name: form["base"].value() for form in forms}
        organiser.post(page_of(meeting), again)
        assert self.titles(meeting) == "BAC"

    def test_is_kept_where_one_is_removed_and_another_added(self, organiser, meeting):
        form = loaded_form(organiser, meeting, **self.placed("CAB"))
        form |= {"contests-1-DELETE": "on", "contests-TOTAL_FORMS": "4", "contests-3-position": "1"}
        form |= {"contests-3-title": "D", "contests-3-method": "plurality", "contests-3-seats": "1"}
        organiser.post(page_of(meeting), form | {"contests-3-option_lines": "Yes\nNo", "contests-0-position": "2"})
        assert self.titles(meeting) == "CDA"
        assert [contest.position for contest in meeting.contests.all()] == [0, 1, 2]

    def test_takes_a_question_whose_place_is_not_said_behind_the_others(self, organiser, meeting):
        form = loaded_form(organiser, meeting, **{"contests-TOTAL_FORMS": "4", "contests-3-title": "D"})
        form |= {"contests-3-method": "plurality", "contests-3-seats": "1", "contests-3-option_lines": "Yes\nNo"}
        organiser.post(page_of(meeting), form)
        assert self.titles(meeting) == "ABCD"

    def test_says_so_where_somebody_else_has_removed_a_question(self, organiser, meeting):
        mine = loaded_form(organiser, meeting, **{"contests-1-title": "My words"})
        organiser.post(page_of(meeting), loaded_form(organiser, meeting, **{"contests-1-DELETE": "on"}))
        page = organiser.post(page_of(meeting), mine).content.decode()
        assert "Somebody else has removed this question" in page
        assert "My words" in page
        organiser.post(page_of(meeting), mine | {"contests-1-DELETE": "on"})
        assert self.titles(meeting) == "AC"


def test_rules_of_a_method_that_is_not_chosen_are_not_asked_for(organiser):
    draft(organiser, contest_method="motion", contest_seats="5", contest_approval_max_choices="0")
    contest = Election.objects.get().contests.get()
    assert (contest.method, contest.seats) == ("motion", 1)
