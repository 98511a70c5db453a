"""The page on which options get a picture, an emoji and a colour."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from office.models import LoggedAct
from polls import ballot_box
from polls.models import Election, Option, Picture
from polls.pictures import store_picture
from polls.redrawing import LARGEST_FILE
from tests.conftest import open_now
from tests.office.browser import chromium, open_office
from tests.office.test_access import choir, drink, sign_in
from tests.office.test_admin import change_form, draft, election_form, organiser
from tests.pictures import draw
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["choir", "chromium", "drink", "open_office", "organiser", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def nesquik(organiser: Client) -> Option:
    draft(organiser, **{"contests-0-option_lines": "Nesquik\nCola Cao"})
    return Option.objects.get(key="nesquik")


def page_of(option: Option) -> str:
    return reverse("admin:polls_election_option_looks", args=[option.contest.election_id])


def save(organiser: Client, option: Option, **form: Any) -> Any:
    if "picture" in form:
        form["picture"] = SimpleUploadedFile("face.png", form["picture"])
    return organiser.post(page_of(option), {"option": option.pk, "colour": "#0a5d4d", **form}, follow=True)


def shown_base(organiser: Client, option: Option) -> str:
    """Return what the form says that it has shown."""
    html = organiser.get(f"{page_of(option)}?option={option.pk}").content.decode()
    return unescape(re.findall(r'name="base" value="([^"]*)"', html)[0])


class TestForm:
    def test_gives_an_option_of_a_draft_its_look(self, organiser, nesquik):
        assert "Change: Nesquik" in organiser.get(page_of(nesquik)).content.decode()
        answer = save(organiser, nesquik, emoji=" 🥛 ", has_colour="on", colour="#FFEE00", picture=draw())
        nesquik.refresh_from_db()
        assert (nesquik.emoji, nesquik.colour) == ("🥛", "#ffee00")
        assert nesquik.picture == Picture.objects.get().hash
        html = answer.content.decode()
        assert "The draft is saved. The colour is shown as #968c00, because #ffee00 can hardly be seen" in html
        history = organiser.get(reverse("admin:polls_election_history", args=[nesquik.contest.election_id]))
        assert "for option “Nesquik”" in history.content.decode()
        address = f"/{nesquik.contest.election.slug}/picture/{nesquik.picture}.webp"
        assert f'src="{address}"' in html
        picture = organiser.get(address)
        assert (picture.status_code, picture["Cache-Control"]) == (200, "private, max-age=31536000, immutable")

    def test_keeps_the_picture_until_it_is_taken_away(self, organiser, nesquik):
        save(organiser, nesquik, picture=draw())
        save(organiser, nesquik, emoji="🥛")
        nesquik.refresh_from_db()
        assert nesquik.picture
        save(organiser, nesquik, without_picture="on")
        nesquik.refresh_from_db()
        assert (nesquik.picture, Picture.objects.count()) == ("", 0)

    @pytest.mark.parametrize(
        ("form", "reason"),
        [
            ({"emoji": "🥛🍫"}, "This is not one emoji"),
            ({"emoji": "milk"}, "This is not one emoji"),
            ({"has_colour": "on", "colour": "red"}, "This is no colour"),
            ({"picture": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, "is no picture that can be read"),
        ],
    )
    def test_says_why_not_and_keeps_what_was_typed(self, organiser, nesquik, form, reason):
        answer = save(organiser, nesquik, **form)
        assert (answer.status_code, reason in answer.content.decode()) == (400, True)
        if "emoji" in form:
            assert f'value="{form["emoji"]}"' in answer.content.decode()
        nesquik.refresh_from_db()
        assert not nesquik.on_ballot().has_look

    def test_says_that_there_are_too_many_pictures(self, organiser, nesquik, monkeypatch):
        monkeypatch.setattr("polls.pictures.MOST_PICTURES", 0)
        answer = save(organiser, nesquik, picture=draw())
        assert (answer.status_code, "at most 0 pictures" in answer.content.decode()) == (400, True)

    def test_tells_two_organisers_what_both_have_changed(self, organiser, nesquik):
        base = shown_base(organiser, nesquik)
        save(organiser, nesquik, emoji="🥛", base=base)
        assert save(organiser, nesquik, has_colour="on", base=base).status_code == 200
        nesquik.refresh_from_db()
        assert (nesquik.emoji, nesquik.colour) == ("🥛", "#0a5d4d")
        answer = save(organiser, nesquik, emoji="🍫", has_colour="on", base=base)
        assert answer.status_code == 400
        assert "changed this since you opened the page, to “🥛”" in answer.content.decode()

    def test_says_that_an_option_is_gone(self, organiser, nesquik):
        gone = Option(pk=nesquik.pk + 1000, contest=nesquik.contest)
        assert "somebody else has removed this option" in save(organiser, gone).content.decode()

    @pytest.mark.parametrize("number", ["", "x", "9" * 30, "-1"])
    def test_shows_the_list_for_an_option_that_cannot_be(self, organiser, nesquik, number):
        answer = organiser.get(page_of(nesquik), {"option": number})
        assert (answer.status_code, 'name="emoji"' in answer.content.decode()) == (200, False)


class TestPhoto:
    pytestmark = needs_chromium

    def test_of_a_phone_is_made_smaller_before_it_is_sent(self, open_office, nesquik):
        photo = draw((3000, 2000), "JPEG", "RGB")
        assert len(photo) > LARGEST_FILE
        page = open_office(f"{page_of(nesquik)}?option={nesquik.pk}")
        file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        page.locator("[name=picture]").set_input_files(files=[file])
        page.locator("[name=emoji]").fill("🥛")
        page.locator("input.default").click()
        expect(page.get_by_text("The draft is saved.")).to_be_visible(timeout=30_000)
        expect(page.locator(".option-picture")).to_have_js_property("naturalWidth", 240)

    def test_is_sent_with_the_first_click_also_once_it_is_smaller(self, open_office, nesquik):
        page = open_office(f"{page_of(nesquik)}?option={nesquik.pk}")
        file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": draw((3000, 2000), "JPEG", "RGB")}
        page.locator("[name=picture]").set_input_files(files=[file])
        page.wait_for_function(
            "largest => document.querySelector('[name=picture]').files[0].size < largest", arg=LARGEST_FILE
        )
        page.locator("input.default").click()
        expect(page.get_by_text("The draft is saved.")).to_be_visible(timeout=30_000)


class TestPublished:
    def test_is_published_at_once_before_the_opening(self, organiser, make_election):
        drink = make_election(opens_at=timezone.now() + timezone.timedelta(hours=1))
        nesquik = Option.objects.get(key="nesquik")
        assert "Saved, and published." in save(organiser, nesquik, emoji="🥛", picture=draw()).content.decode()
        shown = ballot_box.read_definition("drink")[0].contests[0].options[0]
        assert (shown.emoji, shown.picture) == ("🥛", Picture.objects.get().hash)
        assert ballot_box.read_picture(drink.pk, shown.picture)
        assert LoggedAct.objects.get().changes.keys() == {"design"}

    def test_stays_as_it_is_from_the_opening_on(self, organiser, make_election):
        make_election()
        nesquik = Option.objects.get(key="nesquik")
        assert "Voters may have seen the paper" in organiser.get(page_of(nesquik)).content.decode()
        assert "Nothing was saved" in save(organiser, nesquik, emoji="🥛").content.decode()
        nesquik.refresh_from_db()
        assert nesquik.emoji == ""

    def test_is_refused_where_the_box_says_that_it_has_begun(self, organiser, make_election):
        drink = make_election(opens_at=timezone.now() + timezone.timedelta(hours=1))
        later = drink.opens_at
        open_now(drink)
        Election.objects.update(opens_at=later, opened_at=None)
        nesquik = Option.objects.get(key="nesquik")
        answer = save(organiser, nesquik, emoji="🥛")
        nesquik.refresh_from_db()
        assert (answer.status_code, nesquik.emoji) == (400, "")


class TestPaperForm:
    def test_keeps_the_looks_of_options_also_of_one_that_is_called_something_else_now(self, organiser, nesquik):
        save(organiser, nesquik, emoji="🥛", has_colour="on")
        election = nesquik.contest.election
        form = election_form(("El Nesquik", "Cola Cao")) | change_form(election)
        organiser.post(reverse("admin:polls_election_change", args=[election.pk]), form)
        renamed = Option.objects.get(label="El Nesquik")
        assert (renamed.emoji, renamed.colour) == ("🥛", "#0a5d4d")


@pytest.mark.parametrize("who", ["manager", "auditor", "another", "stranger"])
def test_a_picture_of_a_draft_is_shown_to_those_who_may_see_it(sign_in, drink, who):
    Election.objects.update(state="draft")
    name = store_picture(drink, b"RIFF")
    status = sign_in(who).get(f"/drink/picture/{name}.webp").status_code
    assert status == (200 if who in ("manager", "auditor") else 404)


def test_a_picture_is_shown_to_nobody_who_has_not_signed_in(client, drink):
    assert client.get(f"/drink/picture/{store_picture(drink, b'RIFF')}.webp").status_code == 302
