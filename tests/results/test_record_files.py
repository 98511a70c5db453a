"""The addresses of a record: what is there, what is not, and what may be kept."""

from typing import Any

import pytest
from django.test import Client

from office.sample_acts import PrepareAudit
from polls import ballot_box
from polls.definition import Definition
from polls.models import Election
from record import recorder
from record.entry import Entry
from record.formats.keys import VerifierKey
from record.formats.policy import Policy
from record.formats.proof import Proof
from record.formats.tree import leaf_hash
from record.models import Batch
from tally.drain import drain_all
from tally.lifecycle import turn_phases
from tests.conftest import voter_of
from tests.record.whole import read_entries, serve
from tests.tally.test_certification import finish

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Election:
    made: Election = make_election()
    for number in range(10):
        cast(made, f"v{number}", "nesquik")
    drain_all()
    turn_phases()
    recorder.keep_logs()
    return made


def receipt_of(election: Election, voter: str) -> str:
    definition = Definition.of(election)
    mark = ballot_box.read_mark(definition, voter_of(definition, voter))
    assert mark
    return mark.receipt


class TestFiles:
    def test_are_for_scripts_of_any_site(self, drink):
        for path in ("checkpoint", "key", "witnesses", "tile/entries/000.p/10", "tile/0/000.p/10"):
            assert serve(f"/drink/record/{path}")["Access-Control-Allow-Origin"] == "*"

    def test_of_an_audit_are_there_once_it_is_prepared(self, drink, client: Any):
        response = client.get("/drink/record/manifest")
        assert response.status_code == 404
        assert "No audit by sample is prepared" in response.json()["detail"]
        finish(drink)
        recorder.keep_logs()
        audit = PrepareAudit(drink).perform(by=None)
        assert serve("/drink/record/manifest").content.decode() == audit.manifest

    def test_that_never_change_are_kept_by_browsers(self, drink):
        assert "immutable" in serve("/drink/record/tile/0/000.p/10")["Cache-Control"]
        assert serve("/drink/record/checkpoint")["Cache-Control"] == "no-cache"

    def test_of_a_narrower_tile_stay_when_the_tree_has_grown(self, drink, cast):
        before = serve("/drink/record/tile/0/000.p/10").content
        cast(drink, "leo", "nesquik")
        drain_all()
        recorder.keep_logs()
        assert serve("/drink/record/tile/0/000.p/11").content[: len(before)] == before
        assert serve("/drink/record/tile/0/000.p/10").content == before
        assert serve("/drink/record/tile/entries/000.p/10").content

    @pytest.mark.parametrize(
        "path",
        [
            "tile/0/000", "tile/0/000.p/11", "tile/entries/000.p/11", "tile/0/001.p/1", "tile/1/000.p/1",
            "tile/7/x999/999.p/1", "tile/8/000.p/1", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/x/000",
            "tile/entries/", "tile/0/000.p/1/", "tile/0/../0/000.p/1", "tile/0/000.p/١",
            "1.2.tlog-proof", "x.tlog-proof", ".tlog-proof", "9999999999999999999.0.tlog-proof", "%00.tlog-proof",
        ],
    )  # fmt: skip
    def test_of_what_is_not_there_are_not_found(self, drink, client: Client, path):
        assert client.get(f"/drink/record/{path}").status_code == 404

    def test_of_an_election_without_a_record_are_not_found(self, make_election, client: Client):
        make_election("tea")
        for slug in ("tea", "nothing"):
            for path in ("checkpoint", "key", "witnesses", "tile/0/000.p/1", "1.0.tlog-proof"):
                response = client.get(f"/{slug}/record/{path}")
                assert response.status_code == 404
                assert "A record begins when its election opens." in response.json()["detail"]


class TestProof:
    def test_shows_that_the_ballot_of_a_voter_is_in_the_tree(self, drink):
        key = serve("/drink/record/key").content.decode().strip()
        policy = Policy.parse(f"log {key}\nquorum none\n".encode())
        entries = read_entries("drink", 10)
        places = set()
        for number in range(10):
            response = serve(f"/drink/record/{receipt_of(drink, f'v{number}')}.tlog-proof")
            proof = Proof.parse(response.content)
            judged = proof.verify(leaf_hash(entries[proof.index]), policy)
            assert (judged.checkpoint.size, judged.checkpoint.origin) == (10, VerifierKey.parse(key).name)
            assert response["Content-Disposition"] == f'attachment; filename="drink-{proof.index}.tlog-proof"'
            places.add(proof.index)
        assert places == set(range(10))
        assert {Entry.parse(entry).election for entry in entries} == {"drink"}

    def test_is_not_there_before_the_entry_has_its_place(self, drink, cast, client: Client, monkeypatch):
        monkeypatch.setattr(recorder.sequencer, "sequence", lambda _: None)
        cast(drink, "leo", "nesquik")
        drain_all()
        address = f"/drink/record/{receipt_of(drink, 'leo')}.tlog-proof"
        response = client.get(address)
        assert response.status_code == 404
        assert "has no place in the record yet" in response.json()["detail"]
        monkeypatch.undo()
        recorder.keep_logs()
        assert serve(address)["Cache-Control"] == "no-store"

    def test_of_another_election_is_not_found(self, drink, make_election, cast, client: Client):
        tea = make_election("tea")
        cast(tea, "ana", "nesquik")
        drain_all()
        turn_phases()
        recorder.keep_logs()
        receipt = receipt_of(tea, "ana")
        assert client.get(f"/tea/record/{receipt}.tlog-proof").status_code == 200
        assert client.get(f"/drink/record/{receipt}.tlog-proof").status_code == 404

    def test_of_a_place_behind_the_end_of_its_batch_is_not_found(self, drink, client: Client):
        batch = Batch.objects.get()
        assert client.get(f"/drink/record/{batch.pk}.10.tlog-proof").status_code == 404
        assert client.get(f"/drink/record/{batch.pk}.9.tlog-proof").status_code == 200
