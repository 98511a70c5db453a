"""The record of an election as a folder."""

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from polls import ballot_box
from polls.models import Election
from record import recorder
from record.formats.checkpoint import open_checkpoint
from record.formats.keys import VerifierKey
from record.formats.note import NoteVerifier
from record.formats.tree import leaf_hash, root_hash
from tally.drain import drain_all
from tally.lifecycle import turn_phases
from tally.models import CertifiedResult
from tests.record.formats.logs import witness_key
from tests.record.whole import read_entries
from tests.tally.test_certification import ask, certify_all, finish
from verifier.__main__ import main as verify

from .test_receipt_page import cosign

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Election:
    """An election with a record of 300 entries."""
    made: Election = make_election()
    for number in range(300):
        cast(made, f"v{number}", "nesquik" if number % 3 else "cola-cao")
    drain_all()
    turn_phases()
    recorder.keep_logs()
    made.refresh_from_db()
    return made


def export(folder: Path, slug: str = "drink", *options: str) -> str:
    """Export a record, or the log of the installation where that takes the place of the address."""
    said = StringIO()
    call_command("export_record", slug, str(folder), *options, stdout=said, stderr=StringIO())
    return said.getvalue()


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


TREE = {
    "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44",
}  # fmt: skip


def test_has_the_cosignatures_of_its_head_and_the_verifier_checks_them(drink, tmp_path):
    cosign("drink", "w1.example")
    folder = tmp_path / "record"
    export(folder)
    (folder / "policy").write_text(
        f"log {(folder / 'key').read_text()}witness w1 {witness_key('w1.example').verifier_key}\nquorum w1\n"
    )
    checked = subprocess.run([sys.executable, "-m", "verifier", folder], capture_output=True, text=True)
    assert "cosigned by w1" in checked.stdout, checked.stdout + checked.stderr


def test_while_people_vote_it_has_tree_head_key_and_paper(drink, tmp_path):
    said = export(tmp_path / "record")
    assert said.startswith("300 entries of drink are in ")
    assert "these come with certification" in said
    folder = tmp_path / "record"
    assert files_in(folder) == TREE | {"checkpoint", "key", "paper.json"}
    key = VerifierKey.parse((folder / "key").read_text().strip())
    head = open_checkpoint((folder / "checkpoint").read_bytes(), origin=key.name, logs=[NoteVerifier(key)]).checkpoint
    assert root_hash([leaf_hash(entry) for entry in read_entries("drink", 300)]) == head.root
    assert (folder / "tile/0/001.p/44").stat().st_size == 44 * 32


def test_after_certification_it_has_ballots_result_and_fates(drink, tmp_path):
    finish(drink)
    ask(drink)
    certify_all()
    said = export(tmp_path / "record")
    assert "these come with certification" not in said
    folder = tmp_path / "record"
    assert files_in(folder) == TREE | {"checkpoint", "key", "paper.json", "fates", "certified.json", "ballots.json"}
    assert (folder / "certified.json").read_text() == CertifiedResult.objects.get().text
    assert (folder / "fates").read_text() == "counts\n" * 300


def test_an_empty_record_is_one(make_election, tmp_path):
    make_election("tea")
    turn_phases()
    recorder.keep_logs()
    assert export(tmp_path, "tea").startswith("0 entries of tea")
    assert files_in(tmp_path) == {"checkpoint", "key", "paper.json"}


class TestVerified:
    """By the verifier, which shares nothing with what has written the record."""

    @pytest.mark.parametrize("method", ["plurality", "stv"])
    def test_a_certified_election_holds_with_its_audit_file(self, make_election, cast, redis, tmp_path, capsys, method):
        drink = make_election(options=("ant", "bee", "cat"), method=method)
        for number in range(300):
            first, second = ("ant", "bee", "cat")[number % 3], ("ant", "bee", "cat")[(number + 1) % 3]
            cast(drink, f"v{number}", f"{first}>{second}" if method == "stv" else first)
        drain_all()
        for number in range(40):
            cast(drink, f"v{number}", "cat")
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
        finish(drink)
        recorder.keep_logs()
        audit = tmp_path / "audit"
        said = export(tmp_path / "before", "drink", f"--audit={audit}")
        assert f"{audit} opens each of them: give it to auditors alone." in said
        assert audit.stat().st_mode & 0o777 == 0o600
        ask(drink, set_aside=1)
        certify_all()
        export(tmp_path / "record")
        capsys.readouterr()
        assert verify([str(tmp_path / "record"), "--audit", str(audit)]) == 0
        told = capsys.readouterr().out
        assert "ok   fates: one for each entry: counts 300, replaced 40, set-aside unreadable 1" in told
        assert "ok   recount: the ballots give the certified result in 1 contests" in told
        assert "ok   audit: 341 entries open" in told

    def test_a_record_of_an_open_election_holds(self, drink, tmp_path, capsys):
        export(tmp_path / "record")
        assert verify([str(tmp_path / "record")]) == 0
        assert "300 entries have the root of the checkpoint" in capsys.readouterr().out


class TestInstallation:
    """The log of the installation as a folder, and records beside it."""

    @pytest.fixture
    def log(self, tmp_path) -> Path:
        return tmp_path / "installation"

    def test_holds_and_so_does_a_certified_election_beside_it(self, drink, make_election, tmp_path, log, capsys):
        make_election("tea")
        finish(drink)
        recorder.keep_logs()
        ask(drink)
        certify_all()
        recorder.keep_logs()
        assert export(log, "--installation").startswith("5 entries of the log of the installation are in ")
        assert files_in(log) == {"checkpoint", "key", "tile/0/000.p/5", "tile/entries/000.p/5"}
        export(tmp_path / "record")
        capsys.readouterr()
        assert verify([str(log)]) == 0
        assert "5 events of 2 elections" in capsys.readouterr().out
        assert verify([str(tmp_path / "record"), "--installation", str(log)]) == 0
        told = capsys.readouterr().out
        assert "ok   installation: its log has 1 heads of this record, its paper and its certified result" in told

    def test_has_its_cosignatures(self, drink, log, capsys):
        cosign("installation.log", "w1.example")
        export(log, "--installation")
        (log / "policy").write_text(
            f"log {(log / 'key').read_text()}witness w1 {witness_key('w1.example').verifier_key}\nquorum w1\n"
        )
        assert verify([str(log)]) == 0
        assert "cosigned by w1" in capsys.readouterr().out

    def test_shows_that_entries_are_gone(self, drink, cast, tmp_path, log, capsys):
        export(tmp_path / "record")
        cast(drink, "eva", "nesquik")
        drain_all()
        finish(drink)
        recorder.keep_logs()
        export(log, "--installation")
        capsys.readouterr()
        assert verify([str(tmp_path / "record"), "--installation", str(log)]) == 1
        assert "the record had 301 entries, and here are only 300" in capsys.readouterr().out

    def test_is_there_once_a_worker_has_run(self, db, log):
        with pytest.raises(CommandError, match="the log of the installation has not begun yet"):
            export(log, "--installation")

    def test_has_no_audit_file(self, drink, log, tmp_path):
        for arguments in ((str(log),), (str(log), "--installation", f"--audit={tmp_path / 'audit'}"),
                          ("drink", str(log), "--installation")):  # fmt: skip
            with pytest.raises(CommandError, match="Name an election and a folder; or --installation and a folder"):
                call_command("export_record", *arguments)
        assert files_in(tmp_path) == set()


class TestAuditFile:
    def test_is_not_there_before_the_election_is_final(self, drink, tmp_path):
        with pytest.raises(CommandError, match="drink cannot be opened: its record is not finished"):
            export(tmp_path / "record", "drink", f"--audit={tmp_path / 'audit'}")
        assert files_in(tmp_path) == set()

    def test_is_not_there_after_certification(self, drink, tmp_path):
        finish(drink)
        ask(drink)
        certify_all()
        with pytest.raises(CommandError, match="it is certified, and nobody can open its record any more"):
            export(tmp_path / "record", "drink", f"--audit={tmp_path / 'audit'}")
        assert files_in(tmp_path) == set()

    def test_takes_the_place_of_no_other_file(self, drink, tmp_path):
        finish(drink)
        recorder.keep_logs()
        (tmp_path / "audit").write_text("mine")
        with pytest.raises(CommandError, match="is there already: name another file"):
            export(tmp_path / "record", "drink", f"--audit={tmp_path / 'audit'}")
        assert (tmp_path / "audit").read_text() == "mine"


class TestRefusal:
    def test_of_a_folder_that_has_something_in_it(self, drink, tmp_path):
        (tmp_path / "mine").write_text("kept")
        with pytest.raises(CommandError, match="not an empty folder: name another one"):
            export(tmp_path)
        with pytest.raises(CommandError, match="not an empty folder"):
            export(tmp_path / "mine")
        assert (tmp_path / "mine").read_text() == "kept"

    def test_of_an_election_without_a_record(self, make_election, tmp_path):
        make_election("tea")
        with pytest.raises(CommandError, match="a record begins when its election opens"):
            export(tmp_path / "record", "tea")

    def test_of_an_unknown_election(self, db, tmp_path):
        with pytest.raises(CommandError, match="There is no published election nothing"):
            export(tmp_path / "record", "nothing")

    def test_of_a_disk_that_does_not_take_it(self, drink, tmp_path, monkeypatch):
        def fail(*_: Any) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr(Path, "write_bytes", fail)
        with pytest.raises(CommandError, match=r"No space left on device\. What is there is not whole"):
            export(tmp_path / "record")
