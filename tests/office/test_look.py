"""How an organisation looks: on ballot, results and preview, and never a part of what is voted on."""

import base64
import io
import re
import zlib
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse
from PIL import Image

from office.access import hold
from office.colours import DARK_GROUNDS, ENOUGH, LIGHT_GROUNDS, contrast, make_visible, read_colour
from office.logos import LARGEST, MOST_PIXELS, redraw
from office.models import LoggedAct, MemberRole, Membership, Organisation
from polls import ballot_box
from polls.ballot_box import Verdict
from polls.models import Election
from tally.healing import keep_box

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


def picture(size: tuple[int, int] = (300, 200), form: str = "PNG", mode: str = "RGBA") -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(out, form)
    return out.getvalue()


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
        said = save(client, choir, **WHOLE, logo=picture()).content.decode()
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
        save(client, choir, public_name="The choir", logo=picture())
        changes = LoggedAct.objects.get().changes
        assert changes.keys() == {"public_name", "logo"}
        assert re.fullmatch(r"\d+ bytes", changes["logo"][1])

    def test_keeps_the_logo_until_it_is_taken_away(self, client, choir):
        save(client, choir, logo=picture())
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
            ({"logo": picture()[:200]}, "is no picture"),
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


class TestColours:
    @pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#ffee00", "#0000ff", "#808080", "#0a5d4d", "#e30613"])
    def test_have_the_contrast_of_level_aa_in_both_schemes(self, colour):
        for dark, grounds in ((False, LIGHT_GROUNDS), (True, DARK_GROUNDS)):
            seen = read_colour(make_visible(colour, dark=dark))
            assert min(contrast(seen, read_colour(ground)) for ground in grounds) >= ENOUGH

    def test_stay_as_they_are_where_they_can_be_seen(self):
        assert make_visible("#0a5d4d", dark=False) == "#0a5d4d"

    @pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
    def test_are_compared_as_wcag_does(self, one, other, ratio):
        assert contrast(read_colour(one), read_colour(other)) == pytest.approx(ratio, abs=0.005)

    def test_are_seen_beside_those_of_the_pages(self):
        sheet = Path("pages/static/pages/urna.css").read_text()
        grounds = {"#fff" if one == "#ffffff" else one for one in (*LIGHT_GROUNDS, *DARK_GROUNDS)}
        assert set(re.findall(r"--(?:ground|paper): (#\w+);", sheet)) == grounds


class TestLogo:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_is_drawn_anew_and_small(self, form):
        content = picture((2000, 1500), form, "RGB") + b"<script>"
        published = base64.b64decode(redraw(io.BytesIO(content), 1000).partition(",")[2])
        assert len(published) <= LARGEST
        assert b"script" not in published
        with Image.open(io.BytesIO(published)) as drawn:
            assert drawn.format == "WEBP"
            assert drawn.height <= 112

    def test_loses_what_a_camera_wrote_into_it(self):
        out, tags = io.BytesIO(), Image.Exif()
        tags[0x010F] = "a camera"
        Image.new("RGB", (40, 40)).save(out, "JPEG", exif=tags)
        assert b"a camera" in out.getvalue()
        assert b"a camera" not in base64.b64decode(redraw(io.BytesIO(out.getvalue()), 1000).partition(",")[2])

    @pytest.mark.parametrize("size", [(MOST_PIXELS + 1, 1), (10_000, 10_000), (60_000, 60_000)])
    def test_that_is_huge_is_refused_before_it_is_unpacked(self, size):
        content = bytearray(picture((1, 1)))
        content[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        with pytest.raises(ValidationError, match="The picture is too large"):
            redraw(io.BytesIO(content), len(content))

    def test_of_a_file_that_is_too_large_is_refused(self):
        with pytest.raises(ValidationError, match="The file is too large"):
            redraw(io.BytesIO(), 900_000)


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
