"""Any byte of any file changed, and rubbish for files: never a 0 where the byte matters, and never a traceback."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import contest
from tests.verifier import folders
from tests.verifier.conftest import GOOD
from tests.verifier.folders import ANIMALS, Record
from verifier.__main__ import main

# What the folder cannot show of itself; each of these the command names with "--" or is the reader's own choice.
BELIEVED = ("opened_at", "closed_at", "certified_at", "account", "set_aside")
OF_CONTEST = ("entitled", "notes")


def small() -> Record:
    """A small election with two contests, one of which an option has left."""
    paper = folders.with_contests(
        contest("q1", ANIMALS, rules={"blank": True}), contest("q2", ANIMALS, method="schulze"), eligibility="roll"
    )
    return Record(folders.invent(paper, 12), paper, None, {"q2": ("bee",)})


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def matters(name: str, old: bytes, new: bytes) -> bool:
    """Tell whether a change of a file can be noticed.

    These cannot. White space in ballots.json, which is compared as values. In a policy all that only the reader knows:
    the threshold, and whether blanks are tabs. In checkpoints the signatures of witnesses that the policy does not
    need: whose line names no known key is ignored, as the specification has it. In certified.json the times, the
    account, what was set aside, why options withdrew, who drew lots, and how many were entitled.
    """
    if name == "certified.json":
        return without_believed(old) != without_believed(new)
    if name == "ballots.json":
        return read(old) != read(new)
    if name == "policy":
        return new.replace(b"\t", b" ").split() != old.split() and b"group two 1" not in new
    if name.startswith("checkpoint"):
        own = [line for line in new.split(b"\n") if folders.ORIGIN.encode() in line]
        return own != [line for line in old.split(b"\n") if folders.ORIGIN.encode() in line]
    return True


def read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data


def without_believed(data: bytes) -> Any:
    content = read(data)
    if not isinstance(content, dict) or not isinstance(content.get("contests"), list):
        return data
    for name in BELIEVED:
        if name in content and kind(content[name]) in ("text", "numbers"):
            content[name] = None
    for one in content["contests"]:
        for name in OF_CONTEST:
            if isinstance(one, dict) and name in one:
                one[name] = None
        if isinstance(one, dict) and isinstance(one.get("recounted"), dict):
            one["recounted"]["reasons"] = None
    return content


def kind(value: object) -> str:
    return "text" if isinstance(value, str | None) else "numbers" if isinstance(value, dict) else "other"


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose checkpoint is cosigned by just the witnesses that its policy asks for."""
    made = small()
    folder = made.write(tmp_path_factory.mktemp("small") / "record")
    entries = made.entries()
    folders.write(folder, "checkpoint", folders.checkpoint(entries, witnesses=("w1", "w2")))
    folders.write(folder, "policy", folders.policy("two", "group two 2 w1 w2 w3"))
    folders.write(folder, "checkpoints/5", folders.checkpoint(entries[:5]))
    return folder


class TestAnyByte:
    @settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.data())
    def test_that_is_changed_is_noticed_where_it_matters(self, small_folder, data):
        name = data.draw(st.sampled_from(names(small_folder)))
        path = small_folder / name
        old = path.read_bytes()
        place = data.draw(st.integers(0, len(old) - 1))
        new = bytearray(old)
        new[place] = data.draw(st.integers(0, 255).filter(lambda one: one != old[place]))
        path.write_bytes(new)
        try:
            # What it writes must be text, and no exception leaves it.
            code = main([str(small_folder)])
        finally:
            path.write_bytes(old)
        assert code in (0, 1)
        if matters(name, old, bytes(new)):
            assert code == 1

    def test_of_the_signature_of_a_witness_that_the_quorum_needs_is_noticed(self, small_folder, tmp_path, fault):
        folder = Path(shutil.copytree(small_folder, tmp_path / "record"))
        old = (folder / "checkpoint").read_bytes()
        begin = old.index(b"witness.example/w1")
        for place in range(begin, len(old), 7):
            folders.write(folder, "checkpoint", old[:place] + bytes([old[place] ^ 2]) + old[place + 1 :])
            assert fault(folder).startswith("checkpoint: ")


RUBBISH = {
    "nothing": b"",
    "a newline": b"\n",
    "zeros": bytes(1000),
    "binary": bytes(range(256)) * 9,
    "no UTF-8": b"\xff\xfe\xc3(",
    "half of UTF-8": b"counts\n\xe2\x82",
    "a huge number": b"9" * 10_000,
    "a huge number in JSON": b'{"contests": [' + b"9" * 10_000 + b"]}",
    "a fraction": b'{"format": 1e999}',
    "no number": b'{"format": NaN}',
    "deep JSON": b"[" * 100_000,
    "deep JSON that ends": b"[" * 5000 + b"]" * 5000,
    "half a character": b'{"format": "\\ud800"}',
    "a list": b"[1, 2, 3]",
    "an object": b"{}",
    "objects of nothing": b'{"contests": [{}], "draw": {}}',
    "the same name twice": b'{"format": 1, "format": 1}',
    "blanks": b" " * 5000,
    "one long line": b"a" * 3_000_000,
    "minus": b"-1\n",
}


class TestRubbish:
    @pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
    def test_in_any_file_is_told_in_a_sentence_with_the_file(self, small_folder, tmp_path, fault, rubbish):
        folder = Path(shutil.copytree(small_folder, tmp_path / "record"))
        for name in names(folder):
            old = (folder / name).read_bytes()
            folders.write(folder, name, rubbish)
            told = fault(folder)
            # Entries say what the hash of the paper has to be.
            assert told.startswith(f"{name}: " if name != "paper.json" else "tile/entries/000.p/12: entry 0 names"), (
                name
            )
            assert len(told) < 400
            assert told.isprintable()
            folders.write(folder, name, old)

    @pytest.mark.parametrize("name", ["checkpoint", "key", "paper.json", "fates", "audit", "ballots.json", "policy"])
    def test_of_folders_where_files_should_be_is_told(self, small_folder, tmp_path, fault, name):
        folder = Path(shutil.copytree(small_folder, tmp_path / "record"))
        (folder / name).unlink()
        (folder / name).mkdir()
        assert fault(folder) == f"{name}: this is no plain file"

    def test_of_a_checkpoint_with_a_huge_size_is_told_at_the_first_bundle(self, small_folder, tmp_path, fault):
        folder = Path(shutil.copytree(small_folder, tmp_path / "record"))
        text = f"{folders.ORIGIN}\n{2**63 - 1}\n{'A' * 43}=\n"
        note = folders.sign_note(text, folders.NoteSigner(folders.LOG))
        folders.write(folder, "checkpoint", note.to_bytes())
        assert fault(folder) == "tile/entries/000: the file is missing"

    @pytest.mark.parametrize(
        "paper",
        [
            "[]", "[1,2,3,4,5,6]", '["","","",null,true,[["a"]]]', "{}", '{"contests":{}}', '{"contests":[[]]}',
            '{"contests":[{"key":"q1"}]}', '{"contests":[{"key":"q1","method":"x","version":1,"seats":0}]}',
            '{"contests":[{"key":"q1","method":"x","version":1,"seats":1,"options":[{"key":["a"]}]}]}',
            '{"contests":[{"key":"q1","method":"x","version":1,"seats":1,"options":[{"key":"a"},{"key":"a"}]}]}',
            '{"contests":[{"key":"q1","method":"x","version":1,"seats":1,"options":[{"key":"a"}],"rules":[]}]}',
            '{"contests":[],"title":1}',
        ],
    )  # fmt: skip
    def test_that_was_signed_as_a_paper_is_told(self, small_folder, tmp_path, fault, paper):
        made = small()

        class Signed(Record):
            design = folders.hash_paper(paper)

        folder = Signed(made.cast, made.paper, None).write(tmp_path / "record")
        (folder / "paper.json").write_text(paper)
        assert fault(folder).startswith("paper.json: ")

    @pytest.mark.parametrize(
        "rules",
        [{"max_score": []}, {"max_score": "x"}, {"none_of_the_above": {}}, {"max_choices": "2"}, {"strength": []}],
    )
    def test_that_was_signed_as_rules_is_told(self, tmp_path, fault, rules):
        """Rules that no server publishes, but somebody with the key could sign."""
        for method in ("score", "approval", "schulze", "stv"):
            paper = folders.with_contests(contest("q1", ANIMALS, method=method))
            made = Record(folders.invent(paper, 12), paper, None)
            content = json.loads(paper.write())
            content["contests"][0]["rules"] = rules
            text = folders.canonical_json.write(content)

            class Signed(Record):
                design = folders.hash_paper(text)

            folder = Signed(made.cast, paper, None).write(tmp_path / method)
            (folder / "paper.json").write_text(text)
            for name in ("certified.json", "ballots.json"):
                changed = json.loads((folder / name).read_text())
                for one in (changed.get("paper", changed), changed):
                    if "rules" in one["contests"][0]:
                        one["contests"][0]["rules"] = rules
                (folder / name).write_text(folders.canonical_json.write(changed))
            assert fault(folder).split(":")[0] in ("certified.json", "ballots.json")

    def test_in_the_good_folder_would_be_noticed(self):
        assert len(GOOD.cast) == 300
