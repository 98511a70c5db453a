"""Whole folders: one that is good, those that lack something, and those that are no record."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tabulation.draw import Lot, PublicLots
from tests.conftest import contest
from tests.verifier import folders
from tests.verifier.conftest import GOOD
from tests.verifier.damage import rewrite
from tests.verifier.folders import ANIMALS, Cast, Record

PROJECT = Path(__file__).parents[2]


class TestGoodFolder:
    def test_passes_and_says_of_each_thing_what_it_shows(self, untouched, verify):
        told = verify(untouched)
        marks = [(line[:2], line[5:].split(":")[0]) for line in told.splitlines()[:-2]]
        assert marks == [
            ("ok", "key"), ("ok", "checkpoint"), ("ok", "entries"), ("ok", "tree"), ("ok", "checkpoints"),
            ("ok", "policy"), ("ok", "fates"), ("ok", "numbers"), ("ok", "certified.json"), ("ok", "draw"),
            ("ok", "recount"), ("--", "withdrawals"), ("--", "entitled"), ("--", "certified.json"), ("ok", "audit"),
            ("ok", "audit"),
        ]  # fmt: skip
        assert "300 entries have the root of the checkpoint" in told
        assert folders.sha256(untouched / "certified.json") in told
        assert "cosigned by w1, w2" in told
        assert "irv: bee" in told

    @pytest.mark.parametrize("entries", [1, 2, 255, 256, 257, 512, 513])
    def test_passes_whatever_its_size(self, tmp_path, verify, entries):
        paper = folders.with_contests(contest("q1", ANIMALS))
        told = verify(Record(folders.invent(paper, entries), paper, None).write(tmp_path / "record"))
        assert f"{entries} entries have the root" in told

    @pytest.mark.large
    def test_passes_with_a_tile_of_level_two(self, tmp_path, verify):
        paper = folders.with_contests(contest("q1", ANIMALS))
        made = Record(folders.invent(paper, 66_000), paper, None)
        folder = made.write(tmp_path / "record")
        entries = made.entries()
        folders.write(folder, "checkpoints/1", folders.checkpoint(entries[:65_537]))
        assert (folder / "tile/2/000.p/1").exists()
        assert "66,000 entries have the root" in verify(folder)

    def test_passes_with_what_is_needed_alone_and_says_what_that_leaves_open(self, folder, verify):
        for name in ("policy", "fates", "ballots.json", "certified.json", "audit"):
            (folder / name).unlink()
        shutil.rmtree(folder / "checkpoints")
        told = verify(folder)
        unchecked = [line[5:].split(":")[0] for line in told.splitlines() if line.startswith("--")]
        assert unchecked == ["checkpoints", "policy", "fates", "certified.json", "audit"]

    def test_passes_without_a_single_entry(self, tmp_path, verify):
        folder = replace(GOOD, cast=(), gone={}).write(tmp_path / "record")
        told = verify(folder)
        assert "0 entries have the root" in told
        assert "nothing says of which election" in told
        assert "recount: the ballots give" in told

    def test_has_no_more_ballots_than_entries(self, folder, fault):
        """Without fates nothing else would be between a result and a record that is too short for it."""
        shutil.rmtree(folder / "tile")
        shutil.rmtree(folder / "checkpoints")
        for name in ("fates", "audit", "policy"):
            (folder / name).unlink()
        folders.write_log(folder, GOOD.entries()[:5])
        assert fault(folder) == "certified.json: 269 ballots, and the record has only 5 entries"
        shutil.rmtree(folder / "tile")
        folders.write_log(folder, [])
        (folder / "certified.json").unlink()
        assert fault(folder) == "ballots.json: 269 ballots in plurality, and the record has only 0 entries"

    def test_has_no_more_ballots_than_entries_in_a_contest_for_some(self, tmp_path, verify, fault):
        paper = folders.with_contests(contest("q1", ANIMALS, groups=("staff",)))
        folder = Record((Cast("q1=ant"), Cast("q1=bee")), paper, None).write(tmp_path / "record")
        verify(folder)
        for name in ("fates", "audit", "certified.json"):
            (folder / name).unlink()
        rewrite(folder, "ballots.json", lambda it: it["contests"][0]["ballots"][0].update(number=2))
        assert fault(folder) == "ballots.json: 3 ballots in q1, and the record has only 2 entries"

    def test_takes_an_audit_file_from_elsewhere(self, folder, verify, fault, tmp_path):
        shutil.move(folder / "audit", tmp_path / "kept")
        assert "300 entries open" in verify(folder, "--audit", str(tmp_path / "kept"))
        assert fault(folder, "--audit", str(tmp_path / "none")) == f"{tmp_path / 'none'}: the file is missing"

    def test_names_files_that_are_no_part_of_it(self, folder, verify):
        folders.write(folder, "tile/entries/002", b"more")
        folders.write(folder, "notes.txt", b"")
        assert "--   other files: 2 that are no part of this record, as notes.txt" in verify(folder)

    def test_believes_lots_as_the_result_has_them(self, tmp_path, verify, fault):
        paper = folders.with_contests(contest("q1", ANIMALS))
        lots = PublicLots({"q1": [Lot(1, ("dog", "ant"))]})
        cast = tuple(Cast(f"q1={key}") for key in ("ant", "dog", "bee", "ant", "dog"))
        made = Record(cast, replace(paper, tie_break="lot"), lots)
        folder = made.write(tmp_path / "record")
        assert '"by":"lot"' in (folder / "certified.json").read_text()
        assert "--   lots: believed" in verify(folder)
        rewrite(folder, "certified.json", lambda it: it["contests"][0]["outcome"].update(winners=["ant"]))
        assert fault(folder).startswith("certified.json: q1: outcome, winners, 1 is 'ant', and the ballots give 'dog'")

    def test_passes_with_a_paper_of_steps_that_voters_can_check(self, tmp_path, verify):
        paper = folders.with_contests(contest("q1", ANIMALS), step=10, checkable=True)
        folder = Record(folders.invent(paper, 5), paper, None).write(tmp_path / "record")
        assert '"step":10' in (folder / "paper.json").read_text()
        assert "recount: the ballots give" in verify(folder)

    @pytest.mark.parametrize("scheme", [1, 2, 3])
    def test_passes_with_a_paper_of_an_earlier_release(self, tmp_path, verify, scheme):
        paper = replace(folders.with_contests(contest("q1", ANIMALS)), eligibility="open")

        class Older(Record):
            design = folders.hash_paper(paper.write(scheme), scheme)

        folder = Older(folders.invent(paper, 5), paper, None).write(tmp_path / "record")
        (folder / "paper.json").write_text(paper.write(scheme))
        assert "recount: the ballots give" in verify(folder)

    def test_is_checked_by_the_command_from_any_place(self, untouched, tmp_path):
        for command in ([str(PROJECT / "verifier")], ["-m", "verifier"]):
            done = subprocess.run(
                [sys.executable, *command, str(untouched)],
                cwd=tmp_path if len(command) == 1 else PROJECT,
                env={"LC_ALL": "C"},
                capture_output=True,
                text=True,
            )
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.startswith("ok   key: urna.example/assembly, ID ")


class TestNoRecord:
    def test_is_a_folder_that_is_not_there_or_lacks_what_is_needed(self, folder, verify, tmp_path):
        assert verify(tmp_path / "none", code=2) == f"urna: {tmp_path / 'none'} is no folder\n"
        assert "is no folder" in verify(folder / "key", code=2)
        (folder / "key").unlink()
        (folder / "paper.json").unlink()
        assert "it has no key and no paper.json" in verify(folder, code=2)
