"""How an organisation looks: on ballot, results and preview, and never a part of what is voted on."""

import base64
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse
from PIL import Image

from office.access import hold
from office.logos import LARGEST, draw_logo
from office.models import LoggedAct, MemberRole, Membership, Organisation
from pages.colours import make_visible
from polls import ballot_box
from polls.ballot_box import Verdict
from polls.models import Election
from tally.healing import keep_box
from tests.pictures import draw

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def choir(transactional_db: None) -> Organisation:
    return Organisation.objects.create(name="Choir")


@pytest.fixture
def client(choir: Organisation) -> Client:
    user = User.objects.create_user("mia", is_staff=True)
    Membership.objects.create(organisation=choir, user=user, role=MemberRole.MANAGER)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def drink(make_election: Callable[..., Election], choir: Organisation) -> Election:
    election = make_election()
    hold(election, choir)
    return election


def save(client: Client, choir: Organisation, **form: Any) -> Any:
    if "logo" in form:
        form["logo"] = SimpleUploadedFile("logo.png", form["logo"])
    return client.post(reverse("admin:office_organisation_look", args=[choir.pk]), form, follow=True)


WHOLE = {"public_name": "The <choir>", "has_accent": "on", "accent": "#FFEE00"}


def page(address: str, urls: str) -> str:
    with override_settings(ROOT_URLCONF=f"voting_site.urls.{urls}"):
        return Client().get(address).content.decode()


class TestLook:
    def test_stands_on_ballot_results_and_preview(self, client, choir, drink):
        said = save(client, choir, **WHOLE, logo=draw()).content.decode()
        assert "The pages of 1 published election show it" in said
        keep_box()
        preview = client.get(reverse("admin:polls_election_preview_ballot", args=[drink.pk])).content.decode()
        for one in (page("/drink/", "vote"), page("/drink/", "result"), preview):
            assert "The &lt;choir&gt;" in one
            assert 'src="data:image/webp;base64,' in one
            assert f'class="on-light" width="100%" height="100%" fill="{make_visible("#ffee00", dark=False)}"' in one

    def test_leaves_what_is_voted_on_as_it_is(self, client, choir, drink, cast):
        before = ballot_box.read_definition("drink")[0]
        save(client, choir, **WHOLE)
        keep_box()
        after = ballot_box.read_definition("drink")[0]
        assert (after.look.name, before.look.name) == ("The <choir>", "")
        assert after.design == before.design
        # A form that was loaded before.
        assert cast(before, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_of_a_new_election_is_there_from_the_start(self, client, choir):
        save(client, choir, public_name="The choir")
        draft = Election.objects.create(slug="draft", title="Draft")
        hold(draft, choir)
        draft.refresh_from_db()
        assert draft.look == {"name": "The choir"}

    def test_is_logged_without_the_picture(self, client, choir):
        save(client, choir, public_name="The choir", logo=draw())
        changes = LoggedAct.objects.get().changes
        assert changes.keys() == {"public_name", "logo"}
        assert re.fullmatch(r"\d+ bytes", changes["logo"][1])

    def test_keeps_the_logo_until_it_is_taken_away(self, client, choir):
        save(client, choir, logo=draw())
        save(client, choir, public_name="The choir")
        choir.refresh_from_db()
        assert choir.logo
        save(client, choir, public_name="The choir", without_logo="on")
        choir.refresh_from_db()
        assert not choir.logo

    @pytest.mark.parametrize(
        ("form", "reason"),
        [
            ({"has_accent": "on", "accent": "red;}"}, "This is no colour."),
            ({"has_accent": "on", "accent": ""}, "This is no colour."),
            ({"public_name": "x" * 101}, "at most 100 characters"),
            ({"logo": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"}, "is no picture"),
            ({"logo": draw()[:200]}, "is no picture"),
        ],
    )
    def test_says_why_not_and_keeps_what_was_typed(self, client, choir, form, reason):
        typed = {"public_name": "The choir", **form}
        response = save(client, choir, **typed)
        assert response.status_code == 400
        assert reason in response.content.decode()
        assert response.context["form"]["public_name"].value() == typed["public_name"]
        choir.refresh_from_db()
        assert (choir.public_name, choir.logo) == ("", "")

    def test_says_what_it_does_to_a_colour_that_can_hardly_be_seen(self, client, choir):
        said = save(client, choir, **WHOLE).content.decode()
        assert "On light pages the colour is darkened to" in said
        assert "the colour is lightened" not in said


class TestLogo:
    def test_is_drawn_anew_and_small(self):
        content = draw((2000, 1500), "JPEG", "RGB")
        published = base64.b64decode(draw_logo(io.BytesIO(content), 1000).partition(",")[2])
        assert len(published) <= LARGEST
        with Image.open(io.BytesIO(published)) as drawn:
            assert (drawn.format, drawn.height <= 112) == ("WEBP", True)


class TestTwoManagers:
    """Two who have opened the page at the same time."""

    @pytest.fixture
    def base(self, client, choir) -> str:
        """Return what the page says that it showed, when nothing was chosen yet."""
        html = client.get(reverse("admin:office_organisation_look", args=[choir.pk])).content.decode()
        [found] = re.findall(r'name="base" value="([^"]*)"', html)
        return unescape(found)

    def test_keep_what_the_other_one_has_saved(self, client, choir, base):
        save(client, choir, public_name="", has_accent="on", accent="#0a5d4d", base=base)
        save(client, choir, public_name="Choir", accent="#0a5d4d", base=base)
        choir.refresh_from_db()
        assert (choir.public_name, choir.accent) == ("Choir", "#0a5d4d")

    def test_are_told_what_both_have_changed(self, client, choir, base):
        save(client, choir, public_name="The choir", accent="#0a5d4d", base=base)
        answer = save(client, choir, public_name="Choir of Vigo", accent="#0a5d4d", base=base)
        choir.refresh_from_db()
        assert (answer.status_code, choir.public_name) == (400, "The choir")
        html = answer.content.decode()
        assert "changed this since you opened the page, to “The choir”" in html
        assert 'value="Choir of Vigo"' in html
        [again] = re.findall(r'name="base" value="([^"]*)"', html)
        save(client, choir, public_name="Choir of Vigo", accent="#0a5d4d", base=unescape(again))
        choir.refresh_from_db()
        assert choir.public_name == "Choir of Vigo"
