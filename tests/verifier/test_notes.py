"""The verifier's own reading of keys, checkpoints and policies beside that of the record, on damaged ones."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.checkpoint import open_checkpoint
from record.formats.encodings import Malformed as MalformedThere
from record.formats.encodings import write_base64
from record.formats.keys import SignatureType, SignerKey, VerifierKey
from record.formats.note import NoteVerifier, NotVerified
from record.formats.policy import Policy as PolicyThere
from tests.verifier import folders
from tests.verifier.folders import LOG, OTHER_LOG, WITNESSES
from verifier import notes
from verifier.notes import Checkpoint, Key, Note
from verifier.policy import Policy
from verifier.report import Malformed

ENTRIES = [b"one", b"two", b"three"]
CHECKPOINT = folders.checkpoint(ENTRIES, witnesses=("w1", "w2"))
POLICY = folders.policy(
    "q",
    "# a comment",
    "group one any w1 w2",
    "group q\t2 one w3",
    f"log {WITNESSES['w1'].verifier_key} https://a.example",
)
OTHER = (b"\n", b"\n\n", b" ", b"\t", b"+", b"=", b"A", b"\x00", b"\xff", b"0", b"none", b"\xc2\x85", b"\r")
KEY = str(LOG.verifier_key).encode()


@st.composite
def damaged(draw: Callable[..., object], data: bytes) -> bytes:
    """Return bytes of which some were changed, taken away, doubled or moved."""
    text = bytearray(data)
    for _ in range(int(str(draw(st.integers(0, 2))))):
        begin, end = sorted(int(str(draw(st.integers(0, len(text))))) for _ in range(2))
        end = min(end, begin + int(str(draw(st.sampled_from([0, 1, 2, 60])))))
        piece = bytes(text[begin:end])
        new = draw(st.sampled_from([b"", piece, piece * 2, *OTHER]))
        assert isinstance(new, bytes)
        text[begin:end] = new
    return bytes(text)


def judged(check: Callable[[], object]) -> bool:
    """Tell whether something is believed."""
    try:
        check()
    except (Malformed, MalformedThere, NotVerified):
        return False
    return True


class TestReaders:
    @given(damaged(CHECKPOINT))
    def test_believe_the_same_checkpoints(self, data):
        theirs = judged(lambda: open_checkpoint(data, origin=LOG.name, logs=[NoteVerifier(LOG.verifier_key)]))
        assert judged(lambda: notes.open_checkpoint(data, [Key.parse(KEY.decode())])) == theirs

    @given(damaged(POLICY), damaged(CHECKPOINT))
    def test_believe_the_same_under_a_policy(self, policy, data):
        theirs = judged(lambda: PolicyThere.parse(policy).judge(data))
        assert judged(lambda: Policy.parse(policy).judge(Checkpoint.parse(data))) == theirs

    @given(damaged(POLICY))
    def test_read_the_same_policies(self, policy):
        assert judged(lambda: Policy.parse(policy)) == judged(lambda: PolicyThere.parse(policy))

    @given(damaged(KEY))
    def test_read_the_same_keys(self, key):
        text = key.decode(errors="replace")
        assert judged(lambda: Key.parse(text)) == judged(lambda: VerifierKey.parse(text))

    @pytest.mark.parametrize("witnesses", [(), ("w1",), ("w3",), ("w1", "w3"), ("w1", "w2"), ("w1", "w2", "w3")])
    def test_ask_for_the_same_quorum(self, witnesses):
        data = folders.checkpoint(ENTRIES, witnesses=witnesses)
        theirs = judged(lambda: PolicyThere.parse(POLICY).judge(data))
        assert judged(lambda: Policy.parse(POLICY).judge(Checkpoint.parse(data))) == theirs


class TestKeys:
    def test_are_read_line_by_line(self):
        both = f"{LOG.verifier_key}\n{OTHER_LOG.verifier_key}\n".encode()
        assert [key.public for key in notes.read_keys(both)] == [
            LOG.verifier_key.public_key, OTHER_LOG.verifier_key.public_key,
        ]  # fmt: skip

    @pytest.mark.parametrize("after", [b"\n\n", b"\nx", b" ", b"\n" + str(WITNESSES["w1"].verifier_key).encode()])
    def test_refuse_lines_that_are_none_or_of_a_witness(self, after):
        with pytest.raises(Malformed, match=r"^line "):
            notes.read_keys(KEY + after)

    def test_of_one_name_and_one_id_are_refused(self):
        key = Key.parse(KEY.decode())

        class Same(Key):
            id = key.id

        other = Same(key.name, key.kind, bytes(32))
        with pytest.raises(Malformed, match="two known keys have the name"):
            Note.parse(CHECKPOINT).signers([key, other])

    def test_of_a_type_that_is_not_known_are_refused(self):
        key = SignerKey("a.example", SignatureType.ED25519, bytes(32)).verifier_key
        data = notes.read_base64(str(key).rpartition("+")[2])
        encoded = write_base64(b"\x06" + data[1:])
        with pytest.raises(Malformed, match="of a type that cannot be checked here"):
            Key.parse(f"a.example+00000000+{encoded}")
