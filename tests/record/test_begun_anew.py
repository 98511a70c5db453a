"""A record that lost entries with its database is begun anew: vote, back up, vote on, restore, begin anew, go on."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from office.models import LoggedAct
from office.record_acts import BeginRecordAnew
from polls import ballot_box
from polls.definition import Definition
from polls.models import Election
from record import exporter, recorder, served_heads, witnesses
from record.formats.note import Note
from record.models import Audit, Cosignature, EndedLog, Log, Witness
from record.quorum import explain_missing
from record.reference import Reference
from tally.drain import drain_all
from tally.models import Certification, Reconciliation
from tests.conftest import voter_of
from tests.results.test_record_export import export
from tests.tally.test_certification import ask, certify_all, finish
from verifier.__main__ import main

from .backup import Backup
from .running_witness import Running
from .test_served_heads import alarms
from .whole import check_installation, check_whole, read_entries, read_head, serve

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def lost(grow: Any) -> str:
    """Let a database come back that lost five of ten entries; return the head that it lost."""
    grow(5)
    kept = Backup()
    grow(5)
    head = Note.parse(Log.objects.get().checkpoint.encode()).text
    kept.bring_back()
    recorder.keep_logs()
    return head


def begin_anew(*options: str) -> str:
    said = StringIO()
    call_command("begin_record_anew", "drink", *options, stdout=said)
    return said.getvalue()


def refuse(*options: str) -> str:
    with pytest.raises(CommandError) as refused:
        begin_anew(*options)
    return str(refused.value)


def receipt_of(election: Election, voter: str) -> str:
    definition = Definition.of(election)
    mark = ballot_box.read_mark(definition, voter_of(definition, voter))
    assert mark
    return mark.receipt


def verify(folder: Any, capsys: Any, *options: str) -> str:
    capsys.readouterr()
    code = main([str(folder), *options])
    said = capsys.readouterr().out
    assert code == 0, said
    return str(said)


def acknowledge() -> None:
    """Take note that ballots are missing, as the office does."""
    for row in Reconciliation.objects.all():
        row.acknowledged = row.problems
        row.save(update_fields=["acknowledged"])


class TestBegunAnew:
    def test_refers_to_what_it_continues_and_has_all_ballots(self, drink, grow, lost):
        ended = Log.objects.get()
        said = begin_anew("--yes")
        log = Log.objects.get()
        assert f"Its key is:\n{log.verifier_key}" in said
        assert log.origin == f"{ended.origin}/2"
        assert log.verifier_key != ended.verifier_key
        recorder.keep_logs()
        assert len(check_whole(drink)) == 5
        reference = Reference.parse(read_entries("drink", 6)[0])
        assert reference.ended.text == Note.parse(ended.checkpoint.encode()).text
        assert reference.lost.text == lost
        row = EndedLog.objects.get()
        assert (row.number, row.verifier_key, row.checkpoint) == (1, ended.verifier_key, ended.checkpoint)
        assert row.other_head == lost
        grow(300)
        assert len(check_whole(drink)) == 305
        assert read_head("drink").size == 306

    def test_raises_no_alarm_again(self, grow, lost, caplog):
        begin_anew("--yes")
        caplog.clear()
        grow(3)
        grow(0)
        assert alarms(caplog) == []
        assert not Log.objects.get().other_head

    def test_is_logged(self, lost):
        before = Log.objects.get().verifier_key
        begin_anew("--yes")
        assert LoggedAct.objects.get().act == "begin-record-anew"
        assert LoggedAct.objects.get().changes == {"record": [before, Log.objects.get().verifier_key]}

    def test_can_be_begun_anew_once_more(self, drink, grow, lost):
        begin_anew("--yes")
        grow(3)
        kept = Backup()
        grow(3)
        kept.bring_back()
        recorder.keep_logs()
        begin_anew("--yes")
        recorder.keep_logs()
        assert [one.number for one in EndedLog.objects.order_by("pk")] == [1, 2]
        assert Log.objects.get().origin.endswith("/drink/3")
        assert Log.objects.get().slug == "drink"
        assert len(check_whole(drink)) == 8

    def test_keeps_receipts(self, drink, grow, lost):
        receipt = receipt_of(drink, "v2")
        begin_anew("--yes")
        recorder.keep_logs()
        grow(1)
        for one in (receipt, receipt_of(drink, "v10")):
            assert b"It has the index" in serve(f"/drink/receipt/?entry={one}").content
            assert serve(f"/drink/record/{one}.tlog-proof").content.startswith(b"c2sp.org/tlog-proof@v1\n")

    def test_counts_ballots_without_its_reference(self, lost):
        begin_anew("--yes")
        recorder.keep_logs()
        assert "It had 5 entries when this page was loaded" in serve("/drink/").content.decode()
        [entries, *_] = exporter._read()
        assert [sample.value for sample in entries.samples] == [5]

    @pytest.mark.parametrize("path", ["/drink/", "/drink/receipt/"])
    def test_is_told_with_both_heads(self, lost, path):
        head = Log.objects.get().checkpoint
        begin_anew("--yes")
        page = serve(path).content.decode()
        assert "This record was begun anew, under another key." in page
        assert head in page.replace("&#x27;", "'")
        assert lost in page

    def test_is_certified_exported_and_verified(self, drink, grow, lost, tmp_path, capsys):
        begin_anew("--yes")
        grow(260)
        finish(drink)
        recorder.keep_logs()
        assert serve("/drink/record/fates").content == b"counts\n" * 265
        export(tmp_path / "open", "drink", "--audit", str(tmp_path / "audit"))
        told = verify(tmp_path / "open", capsys, "--audit", str(tmp_path / "audit"))
        assert "265 entries open" in told
        acknowledge()
        ask(drink)
        certify_all()
        assert Certification.objects.get().step == Certification.Step.DONE, Certification.objects.get().details
        recorder.keep_logs()
        export(tmp_path / "record")
        told = verify(tmp_path / "record", capsys)
        assert "record: begun anew after 5 entries of " in told
        assert "had lost a head of 10 entries: what came before is not shown here" in told
        assert "entries: 265 of the election drink" in told
        said = StringIO()
        call_command("export_record", "--installation", str(tmp_path / "site"), stdout=said)
        told = verify(tmp_path / "record", capsys, "--installation", str(tmp_path / "site"))
        assert " heads of this record, its paper and its certified result, and they are those here" in told
        heads = [one.says[0] for one in check_installation() if one.kind == "checkpoint"]
        assert heads[0].endswith("/drink")
        assert heads[-1].endswith("/drink/2")
        assert "is certified" in refuse("--yes")

    def test_can_be_audited_by_a_sample(self, drink, grow, lost, tmp_path, capsys):
        begin_anew("--yes")
        finish(drink)
        recorder.keep_logs()
        sample = tmp_path / "sample.json"
        call_command("audit_sample", "drink", "--prepare", stdout=StringIO())
        assert "\nentries 5 " in Audit.objects.get().manifest
        dice = ("--dice", "16354216354216354216", "--draws", "5", "--out", str(sample))
        call_command("audit_sample", "drink", *dice, stdout=StringIO())
        export(tmp_path / "record")
        told = verify(tmp_path / "record", capsys, "--sample", str(sample))
        assert "manifest: signed by the key of the record" in told
        assert "5 entries open" in told


class TestWitness:
    def test_that_contradicts_suffices_and_cosigns_once_it_knows_the_new_key(self, drink, grow, redis, tmp_path):
        grow(5)
        witness = Running(tmp_path / "w", [Log.objects.get().verifier_key])
        try:
            call_command("add_witness", "drink", witness.key, witness.address, stdout=StringIO())
            kept = Backup()
            grow(5)
            witnesses.push_all()
            redis.delete(served_heads.HEADS)
            kept.bring_back()
            witnesses.push_all()
            assert Witness.objects.get().contradicts
            assert not Log.objects.get().other_head
            said = begin_anew("--yes")
            assert f"Its witnesses have to know this key: {witness.name}." in said
            assert not Cosignature.objects.exists()
            assert not Reference.parse(Log.objects.get().reference.encode()).lost
            found = Witness.objects.get()
            assert (found.size, found.cosigned_at, found.contradicts, found.problem) == (0, None, False, "")
            witness.stop()
            witness.logs.append(Log.objects.get().verifier_key)
            witness.start()
            call_command("require_witnesses", "drink", "1", stdout=StringIO())
            Witness.objects.update(address=witness.address)
            grow(2)
            witnesses.push_all()
            assert Witness.objects.get().size == 8
            assert explain_missing(Election.objects.get()) == []
        finally:
            witness.stop()


class TestRefused:
    def test_where_nothing_is_lost(self, grow):
        grow(3)
        assert "nothing is known that this record has lost" in refuse("--yes")
        assert not EndedLog.objects.exists()

    def test_without_a_record(self, drink):
        assert "has no record yet" in refuse("--yes")

    def test_without_yes(self, lost):
        said = refuse()
        assert "with 5 entries for good" in said
        assert "once more with --yes" in said
        assert not EndedLog.objects.exists()

    def test_while_an_audit_is_prepared(self, drink, lost):
        Audit.objects.create(election=drink, manifest="x")
        assert "an audit by sample is prepared" in refuse("--yes")

    def test_to_everybody_but_the_operator(self, drink, lost):
        user = User.objects.create_superuser("root")
        with pytest.raises(PermissionDenied):
            BeginRecordAnew(drink).perform(by=user)
        assert not EndedLog.objects.exists()


class TestAtOnce:
    def test_two_begin_one_record(self, drink, lost):
        done: list[str] = []

        def begin() -> None:
            try:
                BeginRecordAnew(drink).perform(by=None)
                done.append("")
            except Exception as problem:
                done.append(str(problem))
            finally:
                connection.close()

        both = [threading.Thread(target=begin) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        done.sort()
        assert done[0] == ""
        assert "nothing is known that this record has lost" in done[1]
        assert EndedLog.objects.count() == 1

    def test_a_worker_goes_on_counting(self, drink, lost, cast):
        stop = threading.Event()
        problems: list[Exception] = []

        def work() -> None:
            try:
                while not stop.is_set():
                    drain_all()
                    recorder.keep_logs()
            except Exception as problem:
                problems.append(problem)
            finally:
                connection.close()

        worker = threading.Thread(target=work)
        worker.start()
        for number in range(60):
            cast(drink, f"w{number}", "nesquik")
            if number == 20:
                begin_anew("--yes")
        stop.set()
        worker.join()
        assert not problems
        drain_all()
        recorder.keep_logs()
        assert len(check_whole(drink)) == 65


def test_a_stranger_finds_the_tiles_of_the_new_record(drink, lost):
    begin_anew("--yes")
    recorder.keep_logs()
    assert Client().get("/drink/record/tile/0/000.p/6?log=2").status_code == 200
