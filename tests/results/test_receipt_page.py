"""Receipts of ballots: how a voter gets one, and what the page says while there is none."""

import base64
import re
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import clear_url_caches

from polls import ballot_box
from polls.models import Design, Election
from record import logs, recorder
from record.entry import Entry, OpenBallot
from record.formats.cosignature import Cosigner
from record.formats.note import Note
from record.models import Batch, Cosignature, Witness
from tally.drain import drain_all
from tally.lifecycle import close_election, release_result, turn_phases
from tests.record.formats.logs import witness_key
from tests.record.whole import read_head
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election()
    turn_phases()
    recorder.keep_logs()
    return made


def count(cast: Any, election: Election, *voters: str) -> str:
    """Count a ballot of each voter; return the receipt of one of them."""
    for voter in voters:
        cast(election, voter, "nesquik")
    drain_all()
    return f"{Batch.objects.latest('pk').pk}.0"


def cosign(slug: str, name: str) -> None:
    """Store the cosignature of a new witness, of the newest head of a record or of the installation's log."""
    log = logs.find(None if slug == logs.INSTALLATION else Election.objects.get(slug=slug).pk)
    key = witness_key(name)
    witness = Witness.objects.create(
        election_id=log.election_id, name=name, verifier_key=str(key.verifier_key), address="http://127.0.0.1:9"
    )
    signature = Cosigner(key).cosign(Note.parse(log.checkpoint.encode()).text, 1_700_000_000)
    Cosignature.objects.create(witness=witness, size=log.size, line=str(signature))


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


class TestPage:
    def test_shows_place_and_hash_and_the_file_to_keep(self, drink, cast, client: Client):
        named = count(cast, drink, "ana")
        recorder.keep_logs()
        page = text_of(client.get(f"/drink/receipt/?entry={named}"))
        assert "It has the index 0 in the public record of this election." in page
        assert f'href="/drink/record/{named}.tlog-proof"' in page
        assert 'href="#0-' in page
        assert read_head("drink").size == 1

    def test_says_that_a_place_comes_within_seconds(self, drink, cast, client: Client, monkeypatch):
        monkeypatch.setattr(recorder.sequencer, "sequence", lambda _: None)
        named = count(cast, drink, "ana")
        page = text_of(client.get(f"/drink/receipt/?entry={named}"))
        assert "gets its place in the record within seconds" in page
        assert f'href="?entry={named}"' in page

    def test_says_when_the_record_of_a_hidden_election_shows_entries(self, make_election, cast, client: Client):
        drink = make_election(shows="hidden")
        turn_phases()
        named = count(cast, drink, "ana")
        recorder.keep_logs()
        address = f"/drink/receipt/?entry={named}"
        assert "once the result is released" in text_of(client.get(address))
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        release_result(drink)
        recorder.keep_logs()
        assert "It has the index 0 in the public record" in text_of(client.get(address))

    def test_says_that_no_receipt_is_known(self, drink, client: Client):
        assert "No receipt of this ballot is known here." in text_of(client.get("/drink/receipt/?entry="))

    def test_is_also_for_those_who_only_check_one(self, drink, client: Client):
        response = client.get("/drink/receipt/")
        assert "Receipt of a vote" not in text_of(response)
        assert "Check a receipt" in text_of(response)
        assert response["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"

    @pytest.mark.parametrize("named", ["1", "x.y", "0.0.0", "1.-1", "%F0%9F%98%80", "9" * 30 + ".0", "1.0%0A"])
    def test_of_rubbish_is_not_found(self, drink, cast, client: Client, named):
        count(cast, drink, "ana")
        assert client.get(f"/drink/receipt/?entry={named}").status_code == 404

    def test_names_the_witnesses_that_have_cosigned_the_head(self, drink, cast, client: Client):
        assert "It has no witnesses." in text_of(client.get("/drink/receipt/"))
        cosign("drink", "w1.example/a&b")
        page = text_of(client.get("/drink/receipt/"))
        assert "1 of 1 witness has cosigned this head." in page
        assert "<bdi>w1.example/a&amp;b</bdi>: cosigned <time" in page
        assert page.count("— w1.example/a&amp;b ") == 1
        cosign("drink", "w2.example")
        assert "2 of 2 witnesses have cosigned this head." in text_of(client.get("/drink/receipt/"))
        count(cast, drink, "ana")
        recorder.keep_logs()
        page = text_of(client.get("/drink/receipt/"))
        assert "0 of 2 witnesses have cosigned this head." in page
        assert "<bdi>w2.example</bdi>: has not cosigned this head" in page

    def test_is_not_there_without_a_record(self, make_election, client: Client):
        make_election("tea")
        assert client.get("/tea/receipt/").status_code == 404


class TestWayThere:
    """From the page after the vote, on the voting pages, to that of the receipt."""

    @pytest.fixture
    def voter(self, drink: Election) -> Any:
        """A browser on the voting pages."""
        with override_settings(ROOT_URLCONF="voting_site.urls.vote"):
            clear_url_caches()
            yield Client()
        clear_url_caches()

    def test_begins_once_the_ballot_is_counted(self, drink, voter):
        form = read_form(voter.get("/drink/").content.decode())
        assert voter.post("/drink/", form | {"q1": "nesquik"}).status_code == 303
        assert voter.get("/drink/cast/receipt/")["Location"] == "/drink/cast/"
        assert "hidden" in link_to_receipt(voter)
        drain_all()
        assert "hidden" not in link_to_receipt(voter)
        there = voter.get("/drink/cast/receipt/")
        assert there["Location"] == f"http://testserver:8001/drink/receipt/?entry={Batch.objects.get().pk}.0"
        assert "no-store" in there["Cache-Control"]

    def test_takes_what_opens_the_entry_along_where_voters_can_check_theirs(self, make_election, voter):
        meeting = make_election("meeting", checkable=True)
        ballot = voter.get("/meeting/").content.decode()
        assert "you can check what the record says of your vote" in ballot
        voter.post("/meeting/", read_form(ballot) | {"q1": "nesquik"})
        drain_all()
        response = voter.get("/meeting/cast/receipt/")
        assert "no-store" in response["Cache-Control"]
        [address] = re.findall(r'href="(http://testserver:8001/meeting/receipt/[^"]+)"', response.content.decode())
        named, opening = re.fullmatch(r".*[?]entry=([0-9.]+)#open-([\w-]+)", address).groups()
        decoded = base64.urlsafe_b64decode(opening + "=" * (-len(opening) % 4))
        ballot = OpenBallot("meeting", Design.objects.get(election=meeting).hash, "q1=nesquik")
        batch = Batch.objects.get(pk=named.partition(".")[0])
        assert decoded[32:] == b"1\nq1=nesquik"
        assert Entry("meeting", batch.design, bytes(batch.commitments)).opens_as(ballot, decoded[:32])

    def test_leads_to_the_page_also_where_no_receipt_is_known(self, drink, voter, redis):
        form = read_form(voter.get("/drink/").content.decode())
        voter.post("/drink/", form | {"q1": "nesquik"})
        drain_all()
        voters = ballot_box.key(drink.pk, 0, "voters")
        [(key, mark)] = redis.hgetall(voters).items()
        # As the last release wrote it, and as a healed box has it.
        redis.hset(voters, key, mark.decode().replace(f"counted@{Batch.objects.get().pk}.0", "counted"))
        assert voter.get("/drink/cast/state.json").json() == {"state": "counted"}
        assert voter.get("/drink/cast/receipt/")["Location"] == "http://testserver:8001/drink/receipt/?entry="

    def test_is_not_there_for_a_stranger(self, drink):
        with override_settings(ROOT_URLCONF="voting_site.urls.vote"):
            clear_url_caches()
            assert Client().get("/drink/cast/receipt/")["Location"] == "/drink/cast/"
        clear_url_caches()


def link_to_receipt(browser: Client) -> str:
    page = browser.get("/drink/cast/").content.decode()
    end = page.index("/drink/cast/receipt/")
    return page[page.rindex("<a", 0, end) : page.index("</a>", end)]
