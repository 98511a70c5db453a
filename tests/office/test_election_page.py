"""The page of an election, the list of them, the preview, and papers as files."""

import io
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.certify_acts import Certify
from office.election_page import next_steps
from polls import ballots
from polls.design import Paper
from polls.life import Phase, State, where_described
from polls.models import Contest, Election, Option
from polls.paper_file import create_election, write_paper
from polls.pictures import store_picture
from polls.redrawing import redraw_picture
from tally.drain import drain_all
from tally.lifecycle import archive_election, close_election, turn_phases
from tests.office.test_admin import draft, organiser, page_of
from tests.pictures import draw
from tests.web import read_form

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

TOMORROW = timezone.timedelta(days=1)


def read(organiser: Client, name: str, election: Election) -> str:
    return organiser.get(reverse(f"admin:polls_election_{name}", args=[election.pk])).content.decode()


def finish(election: Election) -> None:
    close_election(election)
    drain_all()
    turn_phases()
    election.refresh_from_db()


class TestPage:
    def test_offers_the_next_step_of_each_state(self, organiser, make_election):
        def first(election: Election) -> list[str]:
            return [step.view for step in next_steps(election, timezone.now(), has_ballots=True)][:1]

        draft(organiser)
        assert first(Election.objects.get()) == ["publish"]
        assert first(make_election("later", opens_at=timezone.now() + TOMORROW)) == ["preview"]
        drink = make_election()
        assert first(drink) == ["close"]
        close_election(drink)
        assert first(drink) == []
        finish(drink)
        assert first(drink) == ["certify"]
        Certify(drink).perform(by=None)
        assert first(drink) == ["protocol"]
        archive_election(drink)
        assert first(drink) == ["protocol"]

    def test_shows_the_numbers_and_the_addresses(self, organiser, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(drink, "eva", "nesquik")
        page = read(organiser, "page", drink)
        standing = read(organiser, "standing", drink)
        assert "<b>1</b> ballot counted" in standing
        assert "<b>1</b> waiting" in standing
        assert standing in page
        assert f'value="http://testserver:8000/{drink.short_code}"' in page
        assert 'href="http://testserver:8000/drink/"' in page
        assert 'value="http://testserver:8001/drink/"' in page
        assert page.count("<svg") >= 2

    def test_says_that_the_numbers_go_in_steps(self, organiser, make_election, cast):
        drink = make_election(step=2)
        for voter in ("ana", "bea", "eva"):
            cast(drink, voter, "nesquik")
            drain_all()
        page = organiser.get(reverse("admin:polls_election_page", args=[drink.pk])).content.decode()
        assert "<b>2</b> ballots counted · in steps of 2 ballots" in page

    def test_of_a_draft_shows_no_address_yet(self, organiser):
        draft(organiser)
        page = read(organiser, "page", Election.objects.get())
        assert "data-address" not in page
        assert "Draft" in page

    def test_shows_the_results_once_they_are_final(self, organiser, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        assert "<caption>drink?</caption>" not in read(organiser, "page", drink)
        finish(drink)
        page = read(organiser, "page", drink)
        assert "<caption>drink?</caption>" in page
        assert "100.0%" in page
        assert "Winner" in page

    def test_tells_who_did_what(self, organiser, make_election):
        drink = make_election()
        organiser.post(reverse("admin:polls_election_close", args=[drink.pk]))
        assert "closed, admin" in read(organiser, "page", drink)

    def test_isolates_what_an_organiser_wrote(self, organiser, make_election):
        drink = make_election()
        drink.contests.get().options.filter(key="nesquik").update(label="\u202e<b>evil</b>")
        assert "<bdi>\u202e&lt;b&gt;evil&lt;/b&gt;</bdi>" in read(organiser, "page", drink)

    def test_stands_without_the_ballot_box(self, organiser, make_election, request):
        drink = make_election()
        request.getfixturevalue("unreachable_redis")
        assert "<b>–</b> waiting" in read(organiser, "page", drink)


class TestList:
    def test_leaves_out_what_is_archived_unless_asked(self, organiser, make_election):
        drink, old = make_election(), make_election("old")
        finish(old)
        archive_election(old)
        listed = reverse("admin:polls_election_changelist")
        shown = organiser.get(listed).content.decode()
        assert page_of(drink) in shown
        assert page_of(old) not in shown
        assert page_of(old) in organiser.get(listed, {"phase": "archived"}).content.decode()

    def test_filters_by_the_phase_that_it_shows(self, organiser, make_election):
        now = timezone.now()
        draft(organiser)
        later, drink = make_election("later", opens_at=now + TOMORROW), make_election()
        done = make_election("done")
        finish(done)
        ended = make_election("ended", opens_at=now - 2 * TOMORROW, closes_at=now - TOMORROW)
        found = {
            name: list(Election.objects.filter(where_described(name, now)).values_list("slug", flat=True))
            for name in ("draft", "scheduled", "open", "closed", "final", "cancelled", "archived")
        }
        assert found == {
            "draft": ["tea-or-coffee"],
            "scheduled": [later.slug],
            "open": [drink.slug],
            "closed": [ended.slug],
            "final": [done.slug],
            "cancelled": [],
            "archived": [],
        }
        assert ended.phase(now) == Phase.CLOSED

    def test_closes_several_at_once_after_asking(self, organiser, make_election):
        chosen = [make_election(f"drink-{number}") for number in range(3)]
        close_election(chosen[0])
        listed = reverse("admin:polls_election_changelist")
        form: dict[str, Any] = {"action": "close_selected", "_selected_action": [one.pk for one in chosen]}
        asked = organiser.post(listed, form).content.decode()
        assert "drink-2?" in asked
        assert not Election.objects.filter(pk=chosen[1].pk, state=State.CLOSED).exists()
        said = organiser.post(listed, form | {"sure": "yes"}, follow=True).content.decode()
        assert "Done with" in said
        assert set(Election.objects.values_list("state", flat=True)) == {State.CLOSED}

    def test_says_which_could_not_be_archived(self, organiser, make_election):
        drink, done = make_election(), make_election("done")
        finish(done)
        form = {"action": "archive_selected", "_selected_action": [drink.pk, done.pk], "sure": "yes"}
        page = organiser.post(reverse("admin:polls_election_changelist"), form, follow=True).content.decode()
        assert "“\u2068drink?\u2069”: Not archived" in page
        assert "Done with 1 election." in page

    def test_of_a_thousand_elections_takes_few_statements_and_little_time(
        self, organiser, make_election, django_assert_max_num_queries
    ):
        make_election()
        now = timezone.now()
        elections = Election.objects.bulk_create(
            Election(slug=f"one-{number}", title=f"One {number}", opens_at=now) for number in range(1000)
        )
        contests = Contest.objects.bulk_create(Contest(election=one, key="q1") for one in elections)
        Option.objects.bulk_create(Option(contest=one, key=key, label=key) for one in contests for key in "ab")
        listed = reverse("admin:polls_election_changelist")
        organiser.get(listed)
        with django_assert_max_num_queries(10):
            organiser.get(listed)
        began = time.process_time()
        organiser.get(listed)
        assert time.process_time() - began < 0.3


class TestPreview:
    def test_takes_a_ballot_and_counts_it_nowhere(self, organiser, redis):
        draft(organiser)
        election = Election.objects.get()
        address = reverse("admin:polls_election_preview_ballot", args=[election.pk])
        response = organiser.get(address)
        form = read_form(response.content.decode())
        assert "This ballot would be accepted." in organiser.post(address, form | {"q1": "tea"}).content.decode()
        assert "Choose one option" in organiser.post(address, form).content.decode()
        assert redis.keys("urna:*ballots*") == []

    def test_says_that_the_paper_was_edited_meanwhile(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        address = reverse("admin:polls_election_preview_ballot", args=[election.pk])
        form = read_form(organiser.get(address).content.decode())
        election.contests.get().options.filter(key="tea").update(label="Beer")
        assert "was edited meanwhile" in organiser.post(address, form | {"q1": "tea"}).content.decode()

    @pytest.mark.parametrize("name", ["preview_ballot", "preview_results", "page"])
    def test_shows_explanations_with_their_emphasis_and_html_as_text(self, organiser, name):
        draft(organiser, description="It is *cheap*.", contest_description="<b>See</b> [this](https://a.example).")
        page = read(organiser, name, Election.objects.get())
        assert '<p dir="auto">It is <em>cheap</em>.</p>' in page
        assert '&lt;b&gt;See&lt;/b&gt; <a href="https://a.example" rel="nofollow noopener noreferrer"' in page

    @pytest.mark.parametrize("name", ["preview_ballot", "preview_results"])
    def test_may_stand_in_a_frame_of_this_site_alone(self, organiser, name):
        draft(organiser)
        response = organiser.get(reverse(f"admin:polls_election_{name}", args=[Election.objects.get().pk]))
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in response["Content-Security-Policy"]

    @pytest.mark.parametrize("method", ["plurality", "approval", "motion"])
    def test_invents_results_for_each_method(self, organiser, method):
        draft(organiser, options=("Yes", "No", "Abstain"), contest_method=method)
        page = read(organiser, "preview_results", Election.objects.get())
        assert "These numbers are invented." in page
        assert "120" in page

    def test_says_what_is_missing_instead_of_a_frame(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        election.contests.all().delete()
        page = read(organiser, "preview", election)
        assert "has no question yet" in page
        assert "<iframe" not in page

    def test_of_a_published_election_shows_it_as_well(self, organiser, make_election):
        assert ballots.sign  # the ballot of a preview is signed like any other
        assert "Nesquik" in read(organiser, "preview_ballot", make_election())


class TestPaperFile:
    def test_makes_the_same_paper_again(self, organiser, make_election):
        drink = make_election(
            contests=2, method="approval", rules={"max_choices": 1}, closes_at=timezone.now() + TOMORROW
        )
        saved = organiser.get(reverse("admin:polls_election_export", args=[drink.pk]))
        assert saved["Content-Disposition"] == 'attachment; filename="drink.json"'
        again = create_election(json.loads(saved.content))
        assert write_paper(again) == write_paper(drink)
        assert again.slug != drink.slug

    def test_keeps_the_languages_and_the_looks_of_a_paper(self, organiser, make_election):
        drink = make_election(language="en", translations={"es": {"title": "¿Bebida?"}}, step=10, checkable=True)
        drink.contests.update(translations={"es": {"description": "*Fría*"}})
        name = store_picture(drink, redraw_picture(io.BytesIO(draw((40, 40))), 1000))
        Option.objects.filter(key="nesquik").update(
            translations={"es": {"label": "El Nesquik"}}, emoji="🥛", colour="#d9a400", picture=name
        )
        saved = organiser.get(reverse("admin:polls_election_export", args=[drink.pk]))
        again = create_election(json.loads(saved.content))
        # A picture is drawn anew whenever it comes from outside.
        assert (again.pictures.count(), Paper.of(again).pictures) == (1, {again.pictures.get().hash})
        Option.objects.filter(key="nesquik").update(picture="")
        assert Paper.of(again) == replace(Paper.of(drink), draw_hash="")

    def upload(self, organiser: Client, content: bytes) -> str:
        file = io.BytesIO(content)
        file.name = "paper.json"
        response = organiser.post(reverse("admin:polls_election_import"), {"file": file}, follow=True)
        return str(response.content.decode())

    def test_becomes_a_draft(self, organiser):
        paper = {"title": "Drinks", "contests": [{"options": [{"label": "Tea"}, {"label": "Té"}]}]}
        page = self.upload(organiser, json.dumps(paper).encode())
        assert "This draft was made of the file" in page
        assert Election.objects.get().state == State.DRAFT

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "The submitted file is empty"),
            (b"\xff\xfe", "no JSON in UTF-8"),
            (b"[" * 100_000, "no JSON in UTF-8"),
            (b"[1]", "has to be an object"),
            (b'{"title": "x"}', "has no “contests”"),
            (b'{"title": "x", "evil": 1, "contests": []}', "is not known"),
            (b" " * 4_000_001, "too large"),
        ],
    )
    def test_says_what_is_wrong_and_makes_nothing(self, organiser, content, said):
        assert said in self.upload(organiser, content)
        assert not Election.objects.exists()
