"""The log of an installation, alone and beside the record of an election."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from record.event import Event
from record.formats.checkpoint import Checkpoint
from record.formats.keys import SignatureType, SignerKey
from record.formats.note import Note
from tests.verifier import folders
from tests.verifier.conftest import GOOD
from tests.verifier.folders import ELECTION

KEY = SignerKey("urna.example/installation.log", SignatureType.ED25519, bytes([3] * 32))
OPENED, CLOSED = "2026-05-04T10:00:00Z", "2026-05-04T12:00:00Z"


def head_of(entries: Sequence[bytes], election: str = ELECTION) -> Event:
    """Return the event of a head of a record with these entries."""
    text = Note.parse(folders.checkpoint(entries)).text
    return Event.checkpoint(election, text.replace(ELECTION, election))


ENTRIES = GOOD.entries()
FROZEN = Event.frozen(ELECTION, GOOD.design, OPENED)
CLOSE = Event.closed(ELECTION, CLOSED)
HEADS = [head_of(ENTRIES[:size]) for size in (0, 3, 256)]
LAST = head_of(ENTRIES)
TEA = Event.frozen("tea", "ab" * 16, OPENED)


@pytest.fixture
def result(folder: Path) -> Event:
    return Event.result(ELECTION, folders.sha256(folder / "certified.json"))


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a function that writes the folder of a log with some events."""

    def write_events(events: Sequence[Event], name: str = "installation") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "key").write_text(f"{KEY.verifier_key}\n")
        folders.write_log(folder, [one.to_bytes() for one in events], signer=KEY)
        return folder

    return write_events


class TestLog:
    def test_holds_alone(self, write, verify, result):
        told = verify(write([TEA, FROZEN, *HEADS, CLOSE, LAST, result]))
        assert "8 events of 2 elections, those of each in their order" in told
        assert "8 entries have the root of the checkpoint" in told
        assert "--   elections: compare the record of each with this log" in told

    def test_may_be_empty_or_large(self, write, verify):
        assert "0 events" in verify(write([]))
        events = [FROZEN, *(head_of(ENTRIES[:size]) for size in range(1, 300))]
        assert "300 events of 1 elections" in verify(write(events, "large"))

    def test_tells_of_a_mended_paper(self, write, verify):
        verify(write([FROZEN, HEADS[0], Event.frozen(ELECTION, "ab" * 16, OPENED), HEADS[1]]))

    @pytest.mark.parametrize(
        ("events", "words"),
        [
            ([HEADS[1]], "entry 0: nothing before it says on which paper people vote in assembly"),
            ([FROZEN, HEADS[1], TEA, HEADS[1]], "entry 3: the record of assembly had 3 entries, and now 3"),
            ([FROZEN, HEADS[2], HEADS[1]], "entry 2: the record of assembly had 256 entries, and now 3"),
            ([FROZEN, HEADS[1], FROZEN], "entry 2: the paper of assembly is another one after the first ballot"),
            ([FROZEN, CLOSE, FROZEN], "entry 2: the paper of assembly is another one"),
            ([FROZEN, CLOSE, CLOSE], "entry 2: assembly is closed already"),
            ([CLOSE], "entry 0: nothing before it"),
            ([FROZEN, Event.result(ELECTION, "0" * 64)], "entry 1: the result of assembly comes before its close"),
            ([FROZEN, CLOSE, Event.result(ELECTION, "0" * 64), LAST], "entry 3: assembly has a certified result"),
            ([TEA, head_of(ENTRIES, "coffee")], "entry 1: nothing before it"),
            ([FROZEN, HEADS[0], Event.checkpoint(ELECTION, Checkpoint("other.example/assembly", 1, bytes(32)).text)],
             "entry 2: it is a checkpoint of other.example/assembly, and has to be one of urna.example/assembly"),
            ([FROZEN, Event.checkpoint(ELECTION, Checkpoint("urna.example/tea", 1, bytes(32)).text)],
             "entry 1: it is a checkpoint of urna.example/tea, and has to be one of .../assembly"),
        ],
    )  # fmt: skip
    def test_is_in_order(self, write, fault, events, words):
        assert words in fault(write(events))

    @pytest.mark.parametrize(
        "entry",
        [
            b"", b"urna-event/1\nopened\ntea\nx\n", b"urna-event/1\nclosed\ntea\nyesterday\n", ENTRIES[0],
            b"urna-event/1\nclosed\ntea\n" + CLOSED.encode(), CLOSE.to_bytes() + b"\n", b"\xff" + CLOSE.to_bytes(),
            HEADS[1].to_bytes().replace(b"\n3\n", b"\n03\n"), HEADS[1].to_bytes().replace(b"=", b""),
        ],
    )  # fmt: skip
    def test_has_nothing_else_in_it(self, tmp_path, write, fault, entry):
        folder = write([])
        folders.write_log(folder, [FROZEN.to_bytes(), entry], signer=KEY)
        assert fault(folder).startswith("tile/entries/000.p/2: entry 1: ")

    def test_was_signed(self, write, fault):
        folder = write([FROZEN, *HEADS])
        path = folder / "tile/entries/000.p/4"
        path.write_bytes(path.read_bytes().replace(OPENED.encode(), CLOSED.encode()))
        assert "entry 0 is another one than was signed" in fault(folder)

    def test_is_no_record_to_be_audited(self, write, verify):
        folder = write([FROZEN])
        assert "can be compared with nothing" in verify(folder, "--audit", str(folder / "key"), code=2)
        (folder / "key").unlink()
        assert "it has no key" in verify(folder, code=2)


class TestElection:
    def test_is_the_one_of_which_the_log_tells(self, folder, write, verify, result):
        log = write([TEA, FROZEN, *HEADS, CLOSE, LAST, result])
        told = verify(folder, "--installation", str(log))
        assert "ok   installation: its log has 4 heads of this record, its paper and its certified result" in told
        assert told.index("#    The log of the installation, in ") < told.index("#    The record of the election")

    def test_may_be_newer_than_the_log(self, folder, write, verify):
        told = verify(folder, "--installation", str(write([FROZEN, *HEADS])))
        assert "its log has 3 heads of this record, its paper, and they are those here" in told
        assert "--   installation: its log does not have the certified result" in told

    def test_may_be_unlisted(self, folder, write, verify):
        told = verify(folder, "--installation", str(write([TEA])))
        assert "--   installation: its log has nothing of assembly: was it unlisted" in told

    @pytest.mark.parametrize(
        ("events", "words"),
        [
            ([FROZEN, head_of([*ENTRIES, b"more"])],
             "checkpoint: entry 1 of the log of the installation says: the record had 301 entries, and here are only "
             "300. Get the record anew"),
            ([FROZEN, head_of([b"other", *ENTRIES[1:3]])], "says: a fork: the record of 3 entries had another root"),
            ([FROZEN, head_of([b"other", *ENTRIES[1:]])], "says: a fork: the record of 300 entries had another root"),
            ([Event.frozen(ELECTION, "ab" * 16, OPENED), *HEADS],
             "paper.json: entry 0 of the log of the installation says: people voted on the paper abab"),
            ([FROZEN, Event.closed(ELECTION, OPENED)],
             f"certified.json: entry 1 of the log of the installation says: the election was closed at {OPENED}"),
            ([FROZEN, CLOSE, LAST, Event.result(ELECTION, "0" * 64)],
             "certified.json: entry 3 of the log of the installation says: the certified result has the SHA-256 0000"),
        ],
    )  # fmt: skip
    def test_is_no_other_one(self, folder, write, fault, events, words):
        assert words in fault(folder, "--installation", str(write(events)))

    def test_is_of_the_same_site(self, folder, write, fault):
        other = Event.checkpoint(ELECTION, Checkpoint("other.example/assembly", 1, bytes(32)).text)
        assert "the record is other.example/assembly, and this one is urna.example/assembly" in fault(
            folder, "--installation", str(write([FROZEN, other]))
        )

    def test_may_have_another_site_than_when_the_log_began(self, folder, tmp_path, verify):
        earlier = SignerKey("earlier.example/installation.log", SignatureType.ED25519, bytes([3] * 32))
        log = tmp_path / "earlier"
        folders.write(log, "key", f"{earlier.verifier_key}\n".encode())
        folders.write_log(log, [one.to_bytes() for one in (FROZEN, *HEADS)], signer=earlier)
        assert "its log has 3 heads of this record" in verify(folder, "--installation", str(log))

    def test_is_not_checked_by_a_log_that_does_not_hold_itself(self, folder, write, fault):
        log = write([CLOSE])
        assert fault(folder, "--installation", str(log)).startswith(f"{log}/tile/entries/000.p/1: entry 0: ")

    def test_needs_a_log(self, folder, verify, tmp_path):
        assert "has no log of an installation" in verify(folder, "--installation", str(folder), code=2)
        assert "is no folder" in verify(folder, "--installation", str(tmp_path / "none"), code=2)
