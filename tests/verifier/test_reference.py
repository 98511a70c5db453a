"""A record that was begun anew, checked without a server: its first entry, and what the installation's log says."""

import shutil
from pathlib import Path

import pytest

from record.event import Event
from record.formats.checkpoint import Checkpoint
from record.formats.keys import SignatureType, SignerKey
from record.formats.note import Note
from record.reference import Reference
from tests.verifier import folders
from tests.verifier.conftest import GOOD
from tests.verifier.folders import ELECTION, LOG
from tests.verifier.test_installation import CLOSE, FROZEN, write
from verifier.reference import split_origin

__all__ = ["write"]

KEY = SignerKey(f"{LOG.name}/2", SignatureType.ED25519, bytes([4] * 32))
ENDED = Checkpoint(LOG.name, 200, bytes([5] * 32))
LOST = Checkpoint(LOG.name, 250, bytes([6] * 32))
REFERENCE = Reference(ENDED, LOST).to_bytes()


def begin_anew(folder: Path, first: tuple[bytes, ...] = (REFERENCE,), key: SignerKey = KEY) -> Path:
    """Write the tree of a folder anew, with these first entries."""
    for name in ("tile", "checkpoints"):
        shutil.rmtree(folder / name)
    (folder / "policy").unlink()
    (folder / "key").write_text(f"{key.verifier_key}\n")
    folders.write_log(folder, [*first, *GOOD.entries()], signer=key)
    return folder


def head(origin: str, size: int, root: bytes) -> Event:
    """Return the event of a head of a record."""
    return Event.checkpoint(ELECTION, Checkpoint(origin, size, root).text)


class TestRecord:
    def test_is_told_and_its_ballots_are_counted_without_the_reference(self, folder, verify):
        told = verify(begin_anew(folder))
        assert f"ok   entries: 300 of the election {ELECTION}" in told
        assert f"--   record: begun anew after 200 entries of {LOG.name}, which had lost a head of 250 entries" in told
        assert "ok   tree: 301 entries" in told
        assert "ok   audit: 300 entries open" in told

    def test_may_not_know_what_was_lost(self, folder, verify):
        told = verify(begin_anew(folder, (Reference(ENDED).to_bytes(),)))
        assert f"begun anew after 200 entries of {LOG.name}: what came before is not shown here" in told

    @pytest.mark.parametrize(
        ("first", "key", "words"),
        [
            (REFERENCE.replace(b"/assembly", b"/tea"), KEY, "it continues 'urna.example/tea'"),
            (REFERENCE, LOG, f"it continues {LOG.name!r}, and the checkpoint is of {LOG.name!r}"),
            (REFERENCE, SignerKey(f"{LOG.name}/3", SignatureType.ED25519, bytes([4] * 32)), "it continues '"),
            (REFERENCE[:-3] + b"x=\n", KEY, "entry 0: "),
            (REFERENCE.replace(b"\n250\n", b"\n0250\n"), KEY, "entry 0: '0250' is no number"),
            (REFERENCE.replace(b"\n250\n", b"\n"), KEY, "entry 0: it is no reference to another record"),
            (REFERENCE.replace(b"continues/1", b"continues/2"), KEY, "entry 0 is not of the form that an entry has"),
        ],
    )  # fmt: skip
    def test_continues_just_the_one_before(self, folder, fault, first, key, words):
        told = fault(begin_anew(folder, (first,), key))
        assert told.startswith("tile/entries/000: ")
        assert words in told

    def test_that_was_begun_anew_says_so(self, folder, fault):
        assert "was begun anew, and entry 0 does not say so" in fault(begin_anew(folder, ()))

    def test_has_one_reference(self, folder, fault):
        told = fault(begin_anew(folder, (REFERENCE, REFERENCE)))
        assert "entry 1 is not of the form that an entry has" in told

    def test_of_which_the_reference_was_changed_is_named(self, folder, fault):
        path = begin_anew(folder) / "tile/entries/000"
        path.write_bytes(path.read_bytes().replace(b"\n250\n", b"\n251\n", 1))
        assert "entry 0 is another one than was signed" in fault(folder)


class TestInstallation:
    def test_tells_of_the_record_before_as_well(self, folder, write, verify):
        begin_anew(folder)
        newest = Event.checkpoint(ELECTION, Note.parse((folder / "checkpoint").read_bytes()).text)
        before = [head(LOG.name, 200, ENDED.root), head(LOG.name, 250, LOST.root)]
        told = verify(folder, "--installation", str(write([FROZEN, *before, newest, CLOSE])))
        assert "its log has 1 heads of this record" in told

    @pytest.mark.parametrize("known", [(251, bytes(32)), (250, bytes(32)), (200, bytes(32))])
    def test_finds_what_the_reference_conceals(self, folder, write, fault, known):
        log = write([FROZEN, head(LOG.name, *known)])
        told = fault(begin_anew(folder), "--installation", str(log))
        assert f"{LOG.name} had {known[0]} entries, and entry 0 of the record has fewer, or another root" in told

    @pytest.mark.parametrize(
        ("events", "words"),
        [
            ([head(KEY.name, 5, bytes(32)), head(LOG.name, 9, bytes(32))], "it is a checkpoint of "),
            ([head(LOG.name, 5, bytes(32)), head("other.example/assembly/2", 1, bytes(32))], "it is a checkpoint of "),
            ([head(LOG.name, 5, bytes(32)), head(f"{LOG.name}/1", 6, bytes(32))], "it is a checkpoint of "),
            ([head(KEY.name, 5, bytes(32)), head(KEY.name, 5, bytes(32))], "had 5 entries, and now 5"),
            ([head(KEY.name, 2, bytes(32)), FROZEN], "is another one after the first ballot"),
        ],
    )
    def test_has_heads_in_their_order(self, write, fault, events, words):
        assert words in fault(write([FROZEN, *events]))

    def test_may_mend_a_paper_while_only_the_reference_is_there(self, write, verify):
        verify(write([FROZEN, head(KEY.name, 1, bytes(32)), FROZEN]))


def test_an_election_may_have_a_number_as_its_address():
    assert split_origin("urna.example/2", "2") == ("urna.example/2", 1)
    assert split_origin("urna.example/2/2", "2") == ("urna.example/2", 2)
    assert split_origin("urna.example/2", "tea") is None
