"""Drafts: what nobody else sees, the check-list before publishing, and publishing itself."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from office.acts import NotDone, Publish
from office.checklist import check
from polls import ballot_box
from polls.life import State
from polls.models import Election
from polls.paper_file import create_election
from results.snapshot import read_snapshots
from tests.office.test_admin import draft, election_form, organiser, page_of, publish

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

NOW = dt.datetime(2026, 11, 25, 11, 0, tzinfo=dt.UTC)


@pytest.fixture
def make_draft(transactional_db: None) -> Callable[..., Election]:
    def make(options: tuple[str, ...] = ("Tea", "Coffee"), **fields: Any) -> Election:
        election = create_election({"title": "Drinks", "contests": [{"options": [{"label": one} for one in options]}]})
        Election.objects.filter(pk=election.pk).update(**fields)
        election.refresh_from_db()
        return election

    return make


class TestDraft:
    def test_is_seen_by_nobody_else_however_often_it_is_saved(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        form = election_form(title="Tea?", contest_id=str(election.contests.get().pk))
        form["contests-INITIAL_FORMS"] = "1"
        organiser.post(reverse("admin:polls_election_change", args=[election.pk]), form)
        election.refresh_from_db()
        assert (election.title, election.state) == ("Tea?", State.DRAFT)
        assert ballot_box.read_definitions()[0] == []
        assert read_snapshots(Election.objects.published()) == []

    def test_can_be_deleted(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        address = reverse("admin:polls_election_delete", args=[election.pk])
        assert address in organiser.get(page_of(election)).content.decode()
        organiser.post(address, {"post": "yes"})
        assert not Election.objects.exists()

    def test_needs_no_address_of_its_own(self, organiser):
        draft(organiser)
        draft(organiser)
        assert set(Election.objects.values_list("slug", flat=True)) == {"tea-or-coffee", "tea-or-coffee-2"}

    def test_has_an_address_in_small_letters(self, organiser):
        draft(organiser, slug="MyPoll")
        assert Election.objects.get().slug == "mypoll"
        assert "already exists" in draft(organiser, slug="mypoll").content.decode()


class TestPublishing:
    def test_opens_at_once_where_no_opening_was_given(self, organiser):
        draft(organiser, opens_at_0="", opens_at_1="")
        page = publish(organiser, Election.objects.get()).content.decode()
        assert "Published." in page
        election = Election.objects.get()
        assert election.state == State.PUBLISHED
        assert abs(timezone.now() - election.opening) < dt.timedelta(minutes=1)

    def test_opens_at_once_where_the_opening_is_past(self, make_draft):
        election = make_draft(opens_at=timezone.now() - dt.timedelta(days=300))
        Publish(election).perform(by=None)
        assert abs(timezone.now() - election.opening) < dt.timedelta(minutes=1)

    def test_refuses_a_closing_that_is_past(self, make_draft):
        election = make_draft(closes_at=timezone.now() - dt.timedelta(minutes=1))
        with pytest.raises(NotDone, match="the closing is past"):
            Publish(election).perform(by=None)
        election.refresh_from_db()
        assert election.state == State.DRAFT

    def test_publishes_just_what_was_looked_over(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        address = reverse("admin:polls_election_publish", args=[election.pk])
        seen = organiser.get(address).context["checklist"].fingerprint
        election.contests.get().options.filter(key="tea").update(label="Beer")
        response = organiser.post(address, {"seen": seen})
        assert (response.status_code, response.context["checklist"].fingerprint != seen) == (409, True)
        assert "somebody has edited it" in response.content.decode()
        election.refresh_from_db()
        assert election.state == State.DRAFT

    def test_twice_changes_nothing(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        publish(organiser, election)
        opened = Election.objects.get().opens_at
        publish(organiser, election)
        assert Election.objects.get().opens_at == opened

    def test_says_so_where_the_box_does_not_answer(self, organiser, request):
        draft(organiser)
        request.getfixturevalue("unreachable_redis")
        page = publish(organiser, Election.objects.get()).content.decode()
        assert "Not published yet: the ballot box does not answer" in page


class TestChecklist:
    def odd(self, election: Election) -> str:
        return " ".join(check(election, NOW).odd)

    def test_says_what_opens_when_and_how_far_away_it_is(self, make_draft):
        facts = dict(check(make_draft(opens_at=NOW + dt.timedelta(hours=3), time_zone="Europe/Madrid"), NOW).facts)
        assert facts["Opens"] == "Wednesday 25 November 2026, 15:00 Europe/Madrid (CET), in 3\xa0hours"
        assert facts["On the paper"] == "1 question, 2 options"

    def test_says_that_live_results_go_in_steps_and_that_voters_can_check(self, make_draft):
        facts = dict(check(make_draft(step=10, checkable=True), NOW).facts)
        assert facts["Live results change"] == "in steps of 10 ballots"
        assert "can show it to others" in facts["A voter"]

    def test_says_that_organisers_see_who_has_voted_and_notices_that_it_was_switched_on(self, make_draft):
        draft = make_draft(eligibility="roll")
        before = check(draft, NOW)
        assert "Organisers" not in dict(before.facts)
        draft.shows_who_voted = True
        assert dict(check(draft, NOW).facts)["Organisers"] == "see who has voted, but not what"
        assert check(draft, NOW).fingerprint != before.fingerprint

    def test_finds_what_looks_odd(self, make_draft):
        assert "no closing time" in self.odd(make_draft())
        assert "middle of the night" in self.odd(make_draft(closes_at=NOW.replace(hour=2) + dt.timedelta(days=1)))
        assert "less than two minutes" in self.odd(make_draft(closes_at=NOW + dt.timedelta(seconds=90)))
        assert "more than a year" in self.odd(make_draft(closes_at=NOW + dt.timedelta(days=800)))
        assert "voting begins at once" in self.odd(make_draft(opens_at=NOW - dt.timedelta(days=1)))
        same = "The proposal of the board to move in "
        assert "begin with the same words" in self.odd(make_draft(options=(same + "May", same + "June")))

    def test_finds_another_election_of_the_same_title(self, make_draft):
        Publish(make_draft()).perform(by=None)
        assert "at /drinks/" in self.odd(make_draft())

    def test_finds_nothing_odd_in_an_ordinary_paper(self, make_draft):
        assert check(make_draft(closes_at=NOW + dt.timedelta(days=1)), NOW).odd == []

    def test_names_what_is_missing(self, make_draft, organiser):
        election = make_draft(closes_at=NOW - dt.timedelta(hours=1))
        election.contests.all().delete()
        assert len(check(election, NOW).missing) == 2
        page = organiser.get(reverse("admin:polls_election_publish", args=[election.pk])).content.decode()
        assert "has no question yet" in page
        assert 'value="Publish"' not in page


class TestCancelling:
    def test_asks_for_a_reason_and_the_pages_show_it(self, organiser, make_election):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        address = reverse("admin:polls_election_cancel", args=[drink.pk])
        assert "This field is required" in organiser.post(address, {"reason": " "}).content.decode()
        page = organiser.post(address, {"reason": "The hall is <closed>."}, follow=True).content.decode()
        assert "Cancelled." in page
        assert "The hall is &lt;closed&gt;." in page
        assert ballot_box.read_definition("drink")[0].cancel_reason == "The hall is <closed>."

    def test_says_why_where_it_comes_too_late(self, organiser, make_election):
        drink = make_election()
        address = reverse("admin:polls_election_cancel", args=[drink.pk])
        page = organiser.post(address, {"reason": "No."}, follow=True).content.decode()
        assert "has begun" in page
        assert Election.objects.get().state == State.PUBLISHED


class TestDuplicate:
    def test_leads_to_the_form_of_a_draft(self, organiser, make_election):
        drink = make_election()
        page = organiser.post(reverse("admin:polls_election_duplicate", args=[drink.pk]), follow=True)
        copy = Election.objects.exclude(pk=drink.pk).get()
        assert (copy.state, copy.title) == (State.DRAFT, "drink? (copy)")
        assert 'value="drink? (copy)"' in page.content.decode()

    def test_is_not_made_by_following_a_link(self, organiser, make_election):
        drink = make_election()
        assert organiser.get(reverse("admin:polls_election_duplicate", args=[drink.pk])).status_code == 405
