"""The QR codes of an election as files."""

import io

import pytest
import zxingcpp
from django.test import Client
from django.urls import reverse
from PIL import Image

from polls.models import Election
from tests.office.test_admin import organiser

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


def get(organiser: Client, election: Election, query: str = ""):
    return organiser.get(reverse("admin:polls_election_code", args=[election.pk]) + query)


class TestCode:
    @pytest.mark.parametrize(("page", "address"), [("ballot", ":8000/{short}"), ("results", ":8001/drink/")])
    def test_is_read_from_the_picture(self, organiser, make_election, page, address):
        drink = make_election()
        answer = get(organiser, drink, f"?of={page}&as=png")
        assert answer["Content-Type"] == "image/png"
        assert answer["Content-Disposition"] == f'attachment; filename="drink-{page}.png"'
        [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
        assert code.text == "http://testserver" + address.format(short=drink.short_code)

    def test_is_a_drawing_as_well(self, organiser, make_election):
        answer = get(organiser, make_election())
        assert answer["Content-Type"] == "image/svg+xml"
        assert answer["Content-Disposition"] == 'attachment; filename="drink-ballot.svg"'
        assert b"<svg" in answer.content

    def test_of_an_election_without_a_short_address_leads_to_the_ballot(self, organiser, make_election):
        drink = make_election()
        Election.objects.update(short_code="")
        [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(get(organiser, drink, "?as=png").content)))
        assert code.text == "http://testserver:8000/drink/"

    def test_is_of_nothing_else(self, organiser, make_election):
        drink = make_election()
        for query in ("?of=secret", "?as=pdf", "?of=&as="):
            assert get(organiser, drink, query).status_code == 404

    def test_of_a_draft_is_none(self, organiser):
        assert get(organiser, Election.objects.create(title="Tea", slug="tea")).status_code == 404

    def test_is_linked_from_the_page(self, organiser, make_election):
        drink = make_election()
        page = organiser.get(reverse("admin:polls_election_page", args=[drink.pk])).content.decode()
        assert f"{drink.pk}/code/?of=ballot&amp;as=svg" in page
        assert f"{drink.pk}/code/?of=results&amp;as=png" in page


class TestOtherWebsite:
    def page(self, organiser, election):
        return organiser.get(reverse("admin:polls_election_page", args=[election.pk])).content.decode()

    def test_that_shows_results_is_allowed_by_the_operator(self, organiser, make_election):
        page = self.page(organiser, make_election())
        assert "the setting EMBED_ORIGINS names the sites" in page
        assert "iframe" not in page

    def test_gets_html_to_copy(self, organiser, make_election, settings):
        settings.EMBED_ORIGINS = ["https://club.example", "https://*.school.example"]
        page = self.page(organiser, make_election())
        assert "<bdi>https://club.example</bdi>, <bdi>https://*.school.example</bdi>" in page
        assert "&lt;iframe src=&quot;http://testserver:8001/drink/embed/&quot;" in page

    def test_has_nothing_of_a_draft(self, organiser, settings):
        settings.EMBED_ORIGINS = ["*"]
        page = self.page(organiser, Election.objects.create(title="Tea", slug="tea"))
        assert "iframe" not in page
        assert "another website" not in page
