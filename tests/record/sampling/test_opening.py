"""What a worker fixes and opens for an audit by sample, on real ballots."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from polls.models import Election
from record import fates, recorder
from record.entry import Entry, OpenBallot
from record.formats.keys import VerifierKey
from record.formats.note import Note, NoteVerifier, verify_note
from record.formats.tree_proofs import verify_inclusion
from record.models import Audit, Log, LogSecret, OpenedEntry, Sample
from record.reading import read_entries
from record.sampling import opening, picks
from record.sampling.links import make_links
from record.sampling.manifest import hash_ballot, hash_link
from record.sampling.opening import carry_out_all
from record.sampling.sample_file import write_sample
from tally.drain import drain_all
from tally.models import CastRecord, CountedBallot
from tests.tally.test_certification import certified, finish

DICE = "16354216354216354216"


@pytest.fixture
def final(make_election: Callable[..., Election], cast: Any) -> Election:
    """An election with a finished record of 23 entries: two voters have changed their vote."""
    drink = make_election()
    for number in range(21):
        cast(drink, f"v{number}", "nesquik" if number % 3 else "cola-cao")
    drain_all()
    cast(drink, "v0", "nesquik")
    cast(drink, "v1", "cola-cao")
    finish(drink)
    recorder.keep_logs()
    return drink


def ask(election: Election, draws: int = 0, dice: str = DICE) -> tuple[Audit, Sample | None]:
    """Ask for an audit and a sample as the office does, and let a worker look."""
    audit, _ = Audit.objects.get_or_create(election=election)
    carry_out_all()
    audit.refresh_from_db()
    if not draws:
        return audit, None
    sample = Sample.objects.create(audit=audit, dice=dice, draws=draws, risk_limit="0.05", entered_by="mia")
    carry_out_all()
    sample.refresh_from_db()
    return audit, sample


class TestManifest:
    def test_is_signed_by_the_key_of_the_record(self, final):
        audit, _ = ask(final)
        log = Log.objects.get()
        note = Note.parse(audit.manifest.encode())
        assert verify_note(note, [NoteVerifier(VerifierKey.parse(log.verifier_key))]).verified
        assert audit.manifest_text == note.text
        lines = note.text.splitlines()
        assert lines[:2] == ["urna-manifest/1", log.origin]
        assert lines[2] == f"entries 23 {log.checkpoint.splitlines()[2]}"
        assert lines[4].startswith("ballots q1=21 ")

    def test_is_made_once(self, final):
        audit, _ = ask(final)
        carry_out_all()
        opening.make_ready(audit)
        assert Audit.objects.get().manifest == audit.manifest

    def test_waits_for_the_end_of_the_record(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        finish(drink)
        audit, _ = ask(drink)
        assert audit.manifest == ""
        recorder.keep_logs()
        carry_out_all()
        assert Audit.objects.get().manifest

    def test_has_the_hash_of_the_ballots_that_are_published(self, final, client: Any, settings: Any):
        audit, _ = ask(final)
        certified(final)
        settings.ROOT_URLCONF = "voting_site.urls.result"
        served = client.get("/drink/ballots.json").content
        assert audit.manifest_text.endswith(f"file {hashlib.sha256(served).hexdigest()}\n")

    def test_tells_what_does_not_fit(self, final, caplog):
        CountedBallot.objects.create(
            election=final,
            voter_key="x" * 22,
            ballot_id=CastRecord.objects.first().ballot_id,
            marking="q1=nesquik",
            shard=0,
        )
        audit, _ = ask(final)
        assert audit.manifest == ""
        assert audit.problem == "22 ballots are counted, and 21 entries count"
        assert "ALARM drink: it cannot be audited by a sample" in caplog.text


class TestSample:
    def test_opens_each_entry_that_is_drawn(self, final):
        _audit, sample = ask(final, 500)
        log = Log.objects.get()
        told = [one.opening for one in sample.opened.order_by("pk")]
        assert [one["entry"] for one in told] == list(range(23))
        fate = fates.write_lines(bytes(log.fates)).splitlines()
        for one in told:
            entry = Entry.parse(read_entries(log, one["entry"], 1)[0])
            ballot = OpenBallot("drink", final.in_force, one["marking"], one["weight"])
            assert entry.opens_as(ballot, bytes.fromhex(one["salt"]))
            assert one["fate"] == fate[one["entry"]]
        assert (sample.unequal, sample.problem, bool(sample.opened_at)) == (0, "", True)
        assert [bytes(one.commitment) for one in sample.opened.order_by("pk")] == list(
            fates.commitments_in_order(final.pk)
        )

    def test_leads_from_each_entry_to_its_ballot_and_back(self, final):
        audit, sample = ask(final, 500)
        *_, links_line, ballots_line, _file = audit.manifest_text.splitlines()
        links_root, ballots_root = (base64.b64decode(line.rpartition(" ")[2]) for line in (links_line, ballots_line))
        numbers = []
        for one in (row.opening for row in sample.opened.all()):
            link = one["link"]
            path = [bytes.fromhex(step) for step in link["path"]]
            leaf = hash_link(one["entry"], link["ballots"], bytes.fromhex(link["salt"]))
            verify_inclusion(path, one["entry"], 23, links_root, leaf)
            if one["fate"] != "counts":
                assert (link["ballots"], one["ballots"]) == (None, [])
                continue
            [ballot] = one["ballots"]
            assert link["ballots"] == {"q1": ballot["number"]}
            assert ballot["entry"] == one["entry"]
            assert f"q1={ballot['marking']}" == one["marking"]
            numbers.append(ballot["number"])
            leaf = hash_ballot("q1", ballot["number"], one["entry"], bytes.fromhex(ballot["salt"]))
            verify_inclusion([bytes.fromhex(step) for step in ballot["path"]], ballot["number"], 21, ballots_root, leaf)
        assert sorted(numbers) == list(range(21))

    def test_gives_equal_ballots_their_numbers_by_chance(self, final):
        log, secret = Log.objects.get(), bytes(LogSecret.objects.get().salt_secret)
        made = make_links(final, log, secret).contests["q1"].entry_of
        assert made == make_links(final, log, secret).contests["q1"].entry_of
        # 7 of one kind and 14 of the other: by chance they stand in the order of their entries once in 4 * 10^14 times.
        assert list(made) != sorted(made[:7]) + sorted(made[7:])

    def test_names_the_entry_that_is_counted_as_something_else(self, final, caplog):
        changed = CountedBallot.objects.filter(marking="q1=cola-cao").first()
        CountedBallot.objects.filter(pk=changed.pk).update(marking="q1=nesquik")
        _audit, sample = ask(final, 500)
        [row] = sample.opened.filter(is_equal=False)
        assert row.opening["marking"] == "q1=cola-cao"
        assert row.opening["ballots"][0]["marking"] == "nesquik"
        assert (sample.unequal, sample.is_open) == (1, True)
        assert "ALARM drink: 1 entries of a sample are not what is published" in caplog.text

    def test_names_another_weight(self, final):
        CountedBallot.objects.filter(pk=CountedBallot.objects.first().pk).update(weight=3)
        assert ask(final, 500)[1].unequal == 1

    def test_is_not_opened_once_ballots_are_changed_after_the_manifest(self, final):
        ask(final)
        changed = CountedBallot.objects.filter(marking="q1=cola-cao").first()
        CountedBallot.objects.filter(pk=changed.pk).update(marking="q1=nesquik")
        _audit, sample = ask(final, 5)
        assert "not those any more of which the manifest was made" in sample.problem
        assert sample.is_open
        assert not OpenedEntry.objects.exists()

    def test_goes_on_where_a_worker_died(self, final, monkeypatch):
        audit, _ = ask(final)
        monkeypatch.setattr(opening, "_open", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        sample = Sample.objects.create(audit=audit, dice=DICE, draws=9, risk_limit="0.05", entered_by="mia")
        with pytest.raises(KeyboardInterrupt):
            carry_out_all()
        monkeypatch.undo()
        carry_out_all()
        sample.refresh_from_db()
        assert sample.opened_at
        assert sample.opened.count() == len({one.entry for one in sample.opened.all()})

    def test_goes_with_the_certification_but_for_its_dice(self, final):
        _audit, sample = ask(final, 500)
        certified(final)
        assert not OpenedEntry.objects.exists()
        sample.refresh_from_db()
        assert (sample.dice, sample.unequal) == (DICE, 0)
        assert Audit.objects.get().manifest

    def test_is_not_opened_where_somebody_has_written_too_many_past_the_office(self, final, monkeypatch):
        monkeypatch.setattr(picks, "MOST_SAMPLES", 1)
        assert ask(final, 5)[1].opened_at
        _audit, sample = ask(final, 5, DICE[::-1])
        assert sample.problem == "there are more than 1 samples, which the office does not allow"
        assert not sample.opened.exists()

    def test_has_no_more_draws_than_the_database_allows(self, final):
        with pytest.raises(IntegrityError, match="record_sample_is_bounded"):
            ask(final, picks.MOST_DRAWS + 1)

    def test_can_be_taken_away(self, final):
        audit, sample = ask(final, 5)
        told = json.loads(write_sample(sample))
        assert told.keys() == {"format", "manifest", "dice", "draws", "entries"}
        assert (told["format"], told["manifest"], told["draws"]) == ("urna-sample/1", audit.manifest, 5)


class TestPaper:
    def test_of_several_contests_is_linked_by_each(self, make_election, cast):
        drink = make_election(contests=2)
        for number in range(5):
            cast(drink, f"v{number}", f"q1=nesquik;q2={'nesquik' if number else 'cola-cao'}")
        finish(drink)
        recorder.keep_logs()
        audit, sample = ask(drink, 5)
        assert "\nballots q1=5;q2=5 " in audit.manifest
        linked = [one.opening["link"]["ballots"] for one in sample.opened.all()]
        assert sorted(one["q1"] for one in linked) == sorted(one["q2"] for one in linked) == list(range(5))
        # The file has the only one with Cola-Cao first.
        [first] = [one.opening for one in sample.opened.all() if one.opening["link"]["ballots"]["q2"] == 0]
        assert first["marking"].endswith("q2=cola-cao")
        root = base64.b64decode(audit.manifest_text.splitlines()[4].rpartition(" ")[2])
        for ballot in first["ballots"]:
            place = ballot["number"] + (5 if ballot["contest"] == "q2" else 0)
            leaf = hash_ballot(ballot["contest"], ballot["number"], first["entry"], bytes.fromhex(ballot["salt"]))
            verify_inclusion([bytes.fromhex(step) for step in ballot["path"]], place, 10, root, leaf)

    def test_without_an_entry_has_a_manifest_and_no_sample(self, make_election):
        drink = make_election()
        finish(drink)
        recorder.keep_logs()
        audit, sample = ask(drink, 5)
        assert "\nentries 0 " in audit.manifest
        assert not sample.opened.exists()
