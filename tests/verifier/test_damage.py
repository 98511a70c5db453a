"""Each way in which a folder can be wrong, and the file, entry or field that the command names."""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from tabulation import canonical_json
from tests.conftest import contest
from tests.verifier import folders
from tests.verifier.conftest import ENTRIES, GOOD
from tests.verifier.damage import change, rewrite, rewrite_log
from tests.verifier.folders import ANIMALS, LOG, OTHER_LOG, Cast, Record

FIRST, LAST = "tile/entries/000", f"tile/entries/001.p/{ENTRIES - 256}"
SIZE = len(GOOD.entries()[0])


class TestCheckpoint:
    def test_of_another_key_is_not_signed(self, folder, fault):
        folders.write(folder, "checkpoint", folders.checkpoint(GOOD.entries(), signer=OTHER_LOG))
        assert fault(folder) == "checkpoint: it is not signed by the key of the log"

    def test_of_another_origin_is_refused(self, folder, fault):
        other = replace(LOG, name="urna.example/other")
        folders.write(folder, "checkpoint", folders.checkpoint(GOOD.entries(), signer=other))
        assert fault(folder).startswith("checkpoint: its origin is 'urna.example/other', and the key is of urna.exa")

    def test_with_a_wrong_signature_is_refused(self, folder, fault):
        text = (folder / "checkpoint").read_bytes()
        change(folder, "checkpoint", text.index("— ".encode()) + len(f"— {folders.ORIGIN} 12345678901".encode()))
        assert fault(folder) == f"checkpoint: the signature of {folders.ORIGIN} by the key d7383522 is wrong"

    def test_may_be_signed_by_a_second_key(self, folder, verify):
        (folder / "key").write_text(f"{OTHER_LOG.verifier_key}\n{LOG.verifier_key}\n")
        verify(folder)

    def test_may_have_signatures_by_keys_that_nobody_knows(self, folder, verify):
        note = (folder / "checkpoint").read_text()
        (folder / "checkpoint").write_text(f"{note}— else.example AAAAAAAA\n")
        verify(folder)

    def test_of_an_earlier_size_from_another_tree_is_a_fork(self, folder, fault):
        entries = GOOD.entries()
        folders.write(folder, "checkpoints/100", folders.checkpoint([*entries[:98], entries[99], entries[98]]))
        told = fault(folder)
        assert told.startswith("checkpoints/100: a fork: the same key has signed another tree of 100 entries")

    def test_of_an_earlier_size_from_another_key_is_named(self, folder, fault):
        folders.write(folder, "checkpoints/100", folders.checkpoint(GOOD.entries()[:100], signer=OTHER_LOG))
        assert fault(folder) == "checkpoints/100: it is not signed by the key of the log"

    def test_that_is_larger_than_the_newest_one_is_named(self, folder, fault):
        folders.write(folder, "checkpoints/x", folders.checkpoint([*GOOD.entries(), b"more"]))
        assert fault(folder) == "checkpoints/x: it has 301 entries, and the newest checkpoint only 300"

    def test_without_a_quorum_is_refused(self, folder, fault):
        folders.write(folder, "policy", folders.policy("all", "group all all w1 w2 w3"))
        assert fault(folder) == "checkpoint: the quorum all is not met: the checkpoint is cosigned by w1, w2"

    def test_needs_a_log_of_the_policy(self, folder, fault):
        folders.write(folder, "policy", b"quorum none\n")
        assert fault(folder) == f"checkpoint: no log of the policy has signed the checkpoint of {folders.ORIGIN}"

    def test_with_a_wrong_cosignature_is_refused(self, folder, fault):
        text = (folder / "checkpoint").read_bytes()
        change(folder, "checkpoint", text.rindex(b"witness.example/w2 ") + 40)
        assert "checkpoint: the signature of witness.example/w2 by the key " in fault(folder)


class TestEntries:
    def test_of_which_one_was_flipped_are_named(self, folder, fault):
        # In the commitment, so that it is still of the form of an entry.
        change(folder, FIRST, 17 * (2 + SIZE) + SIZE - 20, to=b"x")
        assert fault(folder).startswith(f"{FIRST}: entry 17 is another one than was signed")

    @pytest.mark.parametrize("place", [0, 1, 2, 20, 30, 70])
    def test_of_which_one_lost_its_form_are_named(self, folder, fault, place):
        change(folder, LAST, 3 * (2 + SIZE) + place)
        assert f"{LAST}: entry 259 " in fault(folder)

    def test_of_which_one_was_dropped_from_its_bundle_are_named(self, folder, fault):
        entries = GOOD.entries()
        folders.write(folder, FIRST, folders.write_bundle(entries[:40] + entries[41:256]))
        told = fault(folder)
        assert told.startswith(f"{FIRST}: it has 255 entries, and has to have 256; ")
        assert f"the first entry that is not as in the hash tiles is entry 40, in {FIRST}" in told

    def test_of_which_one_was_inserted_into_its_bundle_are_named(self, folder, fault):
        entries = GOOD.entries()
        other = replace(GOOD, cast=GOOD.cast[::-1]).entries()[5]
        folders.write(folder, LAST, folders.write_bundle([*entries[256:270], other, *entries[270:]]))
        told = fault(folder)
        assert told.startswith(f"{LAST}: it has more than the 44 entries")
        assert "is entry 270, in" in told

    def test_of_which_one_was_dropped_from_the_record_are_named(self, folder, fault):
        entries = GOOD.entries()
        more = replace(GOOD, cast=GOOD.cast[::-1]).entries()[5]
        rewrite_log(folder, [*entries[:40], *entries[41:], more], tiles=False)
        assert fault(folder).startswith(f"{FIRST}: entry 40 is another one than was signed")

    def test_of_which_two_were_swapped_are_named(self, folder, fault):
        entries = GOOD.entries()
        entries[290], entries[258] = entries[258], entries[290]
        rewrite_log(folder, entries, tiles=False)
        assert fault(folder).startswith(f"{LAST}: entry 258 is another one than was signed")

    def test_that_agree_with_their_tiles_and_not_with_the_root_are_told_so(self, folder, fault):
        entries = GOOD.entries()
        entries[290], entries[258] = entries[258], entries[290]
        rewrite_log(folder, entries, tiles=True)
        told = fault(folder)
        assert told.startswith("checkpoint: its root is ")
        assert "entries and hash tiles agree, and so it cannot be told which entry" in told

    def test_of_which_one_comes_twice_are_named(self, folder, fault):
        entries = GOOD.entries()
        rewrite_log(folder, [*entries[:299], entries[12]], tiles=True)
        assert fault(folder) == f"{LAST}: entry 299 has the commitment of entry 12"

    def test_of_another_election_or_paper_are_named(self, folder, fault):
        entries = GOOD.entries()
        entries[258] = entries[258].replace(b"assembly", b"assemblx")
        rewrite_log(folder, entries, tiles=True)
        assert fault(folder).startswith(
            f"{LAST}: entry 258 is of the election 'assemblx', and those before of assembly"
        )

    def test_need_their_bundles(self, folder, fault):
        (folder / LAST).unlink()
        assert fault(folder) == f"{LAST}: the file is missing"

    def test_need_the_paper_that_they_name(self, folder, fault):
        change(folder, "paper.json", 5)
        assert fault(folder).startswith(
            f"{FIRST}: entry 0 names the design {GOOD.design}, and the hash of paper.json is "
        )


class TestTiles:
    def test_that_were_flipped_are_named_with_the_hash(self, folder, fault):
        change(folder, f"tile/0/001.p/{ENTRIES - 256}", 3 * 32 + 5)
        told = fault(folder)
        assert told.startswith(f"tile/0/001.p/{ENTRIES - 256}: hash 3 is not that of entry 259; ")
        assert told.endswith("the entries have the root of the checkpoint, and so the tile is wrong")

    def test_of_a_higher_level_are_named_with_their_entries(self, folder, fault):
        change(folder, "tile/1/000.p/1", 5)
        assert fault(folder).startswith("tile/1/000.p/1: hash 0 is not that of the entries 0 to 255; ")

    def test_that_are_missing_or_short_are_named(self, folder, fault):
        (folder / "tile/0/000").write_bytes(b"1234")
        assert fault(folder) == "tile/0/000: 256 hashes have 8,192 bytes, and this has 4"
        (folder / "tile/0/000").unlink()
        assert fault(folder) == "tile/0/000: the file is missing"

    def test_and_entries_that_are_both_wrong_are_told_so(self, folder, fault):
        change(folder, FIRST, 17 * (2 + SIZE) + SIZE - 20, to=b"x")
        change(folder, "tile/0/000", 20 * 32)
        assert fault(folder) == (
            "tile/0/000: hash 17 is not that of entry 17; neither the entries nor the tiles have the root of the "
            "checkpoint"
        )


class TestFates:
    def test_that_are_one_short_are_named(self, folder, fault):
        lines = (folder / "fates").read_text().splitlines(keepends=True)
        (folder / "fates").write_text("".join(lines[:-1]))
        assert fault(folder) == "fates: it has 299 lines, and there are 300 entries"

    def test_that_are_none_are_named_with_their_line(self, folder, fault):
        (folder / "fates").write_text((folder / "fates").read_text().replace("replaced", "regretted", 1))
        assert fault(folder) == "fates: line 4: b'regretted' is no fate of an entry"

    def test_that_count_more_than_was_certified_are_noticed(self, folder, fault):
        (folder / "fates").write_text((folder / "fates").read_text().replace("replaced", "counts", 1))
        assert fault(folder) == "certified.json: 269 ballots, and fates has 270 entries that count"


class TestBallots:
    def test_of_which_one_was_changed_no_longer_give_the_result(self, folder, fault):
        def move(content: Any) -> None:
            [one] = [one for one in content["contests"] if one["key"] == "plurality"]
            first, second = [pile for pile in one["ballots"] if pile["weight"] == 1][:2]
            first["number"] += 1
            second["number"] -= 1

        rewrite(folder, "ballots.json", move)
        assert fault(folder).startswith("certified.json: plurality: outcome, standings, 1, count is ")

    @pytest.mark.parametrize("place", range(len(GOOD.paper.contests)))
    def test_that_are_more_are_noticed(self, folder, fault, place):
        rewrite(folder, "ballots.json", lambda it: it["contests"][place]["ballots"][0].update(number=999))
        told = fault(folder)
        key = GOOD.paper.contests[place].key
        assert told.startswith("ballots.json: ")
        assert told.endswith(f"ballots in {key}, and fates has {'only ' * (key == 'borda')}269 entries that count")

    def test_that_their_method_does_not_take_are_named(self, folder, fault):
        rewrite(folder, "ballots.json", lambda it: it["contests"][0]["ballots"][0].update(marking="eel"))
        assert fault(folder) == "ballots.json: 'eel' is no option of plurality"

    def test_of_another_paper_are_noticed(self, folder, fault):
        rewrite(folder, "ballots.json", lambda it: it["contests"][1]["rules"].update(max_choices=4))
        assert fault(folder) == "ballots.json: contest approval is not as in paper.json"


class TestResult:
    @pytest.mark.parametrize("place", range(len(GOOD.paper.contests)))
    def test_with_other_winners_is_named_with_contest_and_field(self, folder, fault, place):
        key = GOOD.paper.contests[place].key
        rewrite(folder, "certified.json", lambda it: it["contests"][place]["outcome"].update(winners=["eel"]))
        assert fault(folder).startswith(f"certified.json: {key}: outcome, winners")

    def test_with_another_count_without_who_withdrew_is_named(self, folder, fault):
        def change(content: Any) -> None:
            [one] = [one for one in content["contests"] if one["key"] == "irv"]
            one["recounted"]["outcome"]["standings"][0]["count"] += 1

        rewrite(folder, "certified.json", change)
        assert fault(folder).startswith("certified.json: irv without bee: outcome, standings, 1, count is ")

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("format", 2, "this is no certified result of the format 1"),
            ("election", "other", "election is 'other', and has to be 'assembly'"),
            ("design", "0" * 32, f"design is '{'0' * 32}', and has to be '{GOOD.design}'"),
            ("ballots", 270, "270 ballots, and fates has 269 entries that count"),
            ("votes", 5, "270 votes in"),
            ("draw", None, "the draw has no secret and no hash, or more than that"),
            ("draw", {"sha256": GOOD.paper.draw_hash, "secret": "x"}, "the secret of the draw does not have the hash"),
            ("contests", [], "its contests are not those of paper.json"),
        ],
    )
    def test_with_another_value_is_refused(self, folder, fault, name, value, told):
        rewrite(folder, "certified.json", lambda it: it.update({name: value}))
        said = fault(folder)
        assert said.startswith("certified.json: ")
        assert told in said or name == "votes"

    @pytest.mark.parametrize(("name", "value"), [("votes_final", True), ("step", 10), ("checkable", True)])
    def test_of_another_paper_is_refused(self, folder, fault, name, value):
        rewrite(folder, "certified.json", lambda it: it["paper"].update({name: value}))
        assert fault(folder) == f"certified.json: {name} of its paper is not as in paper.json"

    @pytest.mark.parametrize(("name", "value"), [("step", 0), ("step", "10"), ("checkable", 1)])
    def test_of_a_paper_with_no_such_rule_is_refused(self, folder, fault, name, value):
        rewrite(folder, "certified.json", lambda it: it["paper"].update({name: value}))
        assert "step of a paper is a number from 1 on, and checkable is true or false" in fault(folder)

    def test_of_a_method_that_is_not_known_is_refused(self, tmp_path, fault):
        paper = folders.with_contests(contest("q1", ANIMALS))
        made = Record(folders.invent(paper, 5), paper, None)
        changed = json.loads(paper.write())
        changed["contests"][0]["version"] = 9
        text = canonical_json.write(changed)

        class Newer(Record):
            design = folders.hash_paper(text)

        folder = Newer(made.cast, paper, None).write(tmp_path / "record")
        (folder / "paper.json").write_text(text)
        rewrite(folder, "certified.json", lambda it: it.update(paper=changed))
        rewrite(folder, "ballots.json", lambda it: it["contests"][0].update(version=9))
        assert fault(folder) == "certified.json: q1 is counted by version 9 of 'plurality': not here"


class TestAudit:
    def test_that_was_cut_in_the_middle_is_named_with_its_line(self, folder, fault):
        lines = (folder / "audit").read_bytes().splitlines(keepends=True)
        (folder / "audit").write_bytes(b"".join(lines[:150]) + lines[150][:90])
        assert fault(folder) == "audit: line 151: it is cut: it does not end in a newline"
        (folder / "audit").write_bytes(b"".join(lines[:150]))
        assert fault(folder) == "audit: it ends after line 150, and there are 300 entries"
        (folder / "audit").write_bytes(b"".join([*lines, lines[0]]))
        assert fault(folder) == "audit: line 301: there are only 300 entries"

    @pytest.mark.parametrize("place", [0, 63, 65])
    def test_of_which_a_line_does_not_open_its_entry_is_named(self, folder, fault, place):
        lines = (folder / "audit").read_bytes().splitlines(keepends=True)
        begin = sum(map(len, lines[:200]))
        change(folder, "audit", begin + place, to=b"7" if lines[200][place : place + 1] != b"7" else b"8")
        assert fault(folder) == "audit: line 201 does not open entry 200: it has another salt, weight or marking"

    def test_shows_that_other_ballots_were_published(self, tmp_path, fault):
        paper = folders.with_contests(contest("q1", ANIMALS))
        cast = tuple(Cast(f"q1={key}") for key in ("ant", "ant", "bee"))
        folder = Record(cast, paper, None).write(tmp_path / "record")
        other = Record((*cast[:2], Cast("q1=ant")), paper, None).write(tmp_path / "other")
        for name in ("ballots.json", "certified.json"):
            shutil.copy(other / name, folder / name)
        told = "ballots.json: contest q1, 'ant' of weight 1: 3 ballots, and 2 entries that count open as this"
        assert fault(folder) == told
        (folder / "audit").unlink()

    def test_shows_that_another_entry_counts(self, folder, fault):
        """Only with the audit file: fates alone could say that any entry counts."""
        lines = (folder / "fates").read_text().splitlines()
        one = next(place for place, line in enumerate(lines) if line == "replaced")
        other = next(place for place, cast in enumerate(GOOD.cast) if cast.marking != GOOD.cast[one].marking)
        lines[one], lines[other] = lines[other], lines[one]
        (folder / "fates").write_text("\n".join([*lines, ""]))
        assert "entries that count open as this" in fault(folder)
