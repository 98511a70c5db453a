"""The record beside the result and on the protocol: its head, who has cosigned it, and how many are required."""

import io
from typing import Any

import pypdfium2
import pytest
from django.test import Client

from office.certify_acts import Certify
from office.certify_pages import full_context
from office.protocol import pages
from office.witness_acts import RequireWitnesses
from polls.models import Election
from record import recorder
from record.models import Cosignature, Log, Witness
from tests.results.test_receipt_page import cosign, text_of
from tests.tally.test_certification import finish

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Election:
    """A final election with a whole record."""
    made: Election = make_election()
    recorder.keep_logs()
    cast(made, "ana", "nesquik")
    finish(made)
    recorder.keep_logs()
    return made


def root() -> str:
    return Log.objects.get().checkpoint.split("\n")[2]


def require(election: Election, number: int) -> None:
    RequireWitnesses(election, number).perform(by=None)


class TestDashboard:
    def test_shows_the_head_and_who_has_cosigned_it(self, drink, client: Client):
        page = text_of(client.get("/drink/"))
        assert 'class="record"' in page
        assert f'<code dir="ltr">{root()[:12]}</code>' in page
        assert "It had 1 entry when this page was loaded." in page
        assert "It has no witnesses." in page
        assert "required" not in page
        cosign("drink", "w1.example/a&b")
        cosign("drink", "w2.example")
        cosign("drink", "w3.example")
        Cosignature.objects.filter(witness__name="w2.example").delete()
        Witness.objects.filter(name="w3.example").update(contradicts=True)
        require(drink, 2)
        page = text_of(client.get("/drink/"))
        assert "1 of 3 witnesses have cosigned this head. 2 are required before the result is certified." in page
        assert "<bdi>w1.example/a&amp;b</bdi>: cosigned <time" in page
        assert "<bdi>w2.example</bdi>: has not cosigned this head" in page
        assert "<bdi>w3.example</bdi>: <strong>has seen another record of this election, and does not count" in page
        assert root() in page
        assert "— w1.example/a&amp;b " in page

    def test_says_that_the_number_was_lowered(self, drink, client: Client):
        cosign("drink", "w1.example")
        Election.objects.update(opened_at="2026-01-01T00:00Z")
        require(drink, 1)
        assert "lowered" not in text_of(client.get("/drink/"))
        require(drink, 0)
        page = text_of(client.get("/drink/"))
        assert "Up to 1 were required before: a manager has lowered the number." in page
        assert "None is required for the certification." in page

    def test_of_an_election_without_a_record_has_none(self, make_election, client: Client):
        make_election("tea")
        assert 'class="record"' not in text_of(client.get("/tea/"))

    def test_has_it_neither_on_the_wall_nor_in_a_frame(self, drink, client: Client):
        for address in ("/drink/?view=wall", "/drink/embed/"):
            assert "The public record" not in text_of(client.get(address))
            assert "data-heads" not in client.get(address).content.decode()


class TestProtocol:
    @pytest.fixture
    def certified(self, drink: Election) -> Election:
        cosign("drink", "w1.example")
        cosign("drink", "w2.example")
        Cosignature.objects.filter(witness__name="w2.example").delete()
        require(drink, 1)
        Certify(drink).perform(by=None)
        pages._kept.clear()
        return drink

    def pdf(self, client: Client) -> str:
        document = pypdfium2.PdfDocument(client.get("/drink/protocol/protocol.pdf").content)
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
        return " ".join(text.split())

    def test_has_head_key_cosignatures_and_quorum(self, certified, client: Client):
        log = Log.objects.get()
        page = text_of(client.get("/drink/protocol/"))
        for part in (root(), log.origin, log.verifier_key, "<dt>Entries</dt><dd>1</dd>"):
            assert part in page
        assert "1 of 2 witnesses have cosigned this head. 1 is required before the result is certified." in page
        assert "<bdi>w1.example</bdi>: cosigned <time" in page

    def test_says_the_same_as_a_file(self, certified, client: Client):
        said = self.pdf(client)
        # Long texts are broken anywhere.
        joined = said.replace(" ", "")
        log = Log.objects.get()
        for part in (root(), log.origin, log.verifier_key):
            assert part in joined
        assert "Entries 1" in said
        assert "1 of 2 witnesses have cosigned this head. 1 is required" in said
        assert "w1.example: cosigned Nov. 14, 2023" in said
        assert "w2.example: has not cosigned this head" in said

    def test_is_written_anew_once_another_witness_has_cosigned(self, certified, client: Client):
        assert "2 of 2 witnesses" not in self.pdf(client)
        Witness.objects.filter(name="w2.example").delete()
        cosign("drink", "w2.example")
        assert "2 of 2 witnesses" in self.pdf(client)

    def test_in_the_office_says_what_the_number_was(self, certified):
        said = pages.write(full_context(certified), "a4")
        text = " ".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(io.BytesIO(said)))
        assert "number of witnesses required changed (Witnesses required: 0 → 1)" in " ".join(text.split())

    def test_is_without_it_where_there_was_no_record(self, certified, client: Client):
        with_record = text_of(client.get("/drink/protocol/"))
        Witness.objects.all().delete()
        Log.objects.all().delete()
        assert "The public record" in with_record
        assert "The public record" not in text_of(client.get("/drink/protocol/"))
        assert "The public record" not in self.pdf(client)
