"""Checkpoints: their text, and which signatures make them true."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.checkpoint import Checkpoint, WrongOrigin, open_checkpoint
from record.formats.cosignature import CosignatureVerifier
from record.formats.encodings import LARGEST_NUMBER, Malformed
from record.formats.note import InvalidSignature, Note, NoteVerifier, NotSigned

from .logs import LOG, ORIGIN, WITNESS, cosigned, leaves, log_key, signed, witness_key

ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
# The example of the specification.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


class TestText:
    def test_is_the_example_of_the_specification(self):
        assert Checkpoint.parse(TEXT) == Checkpoint("example.com/behind-the-sofa", 20_852_163, ROOT)
        assert Checkpoint.parse(TEXT).text == TEXT

    @given(st.integers(0, LARGEST_NUMBER), st.binary(min_size=32, max_size=32), st.lists(st.just("more lines")))
    def test_is_read_as_it_is_written(self, size, root, extensions):
        checkpoint = Checkpoint("any origin, also with spaces + pluses", size, root, tuple(extensions))
        assert Checkpoint.parse(checkpoint.text) == checkpoint

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            TEXT[:-1],
            TEXT.replace("\n", "", 1),
            TEXT.replace("\n", "\r\n"),
            TEXT + "\n",
            TEXT + "extension",
            TEXT + "extension\n\n",
            TEXT + "\nextension\n",
            "\n" + TEXT.partition("\n")[2],
            TEXT.replace("20852163", "020852163"),
            TEXT.replace("20852163", ""),
            TEXT.replace("20852163", "-1"),
            TEXT.replace("20852163", "+20852163"),
            TEXT.replace("20852163", "0x20"),
            TEXT.replace("20852163", "20852163 "),
            TEXT.replace("20852163", str(2**63)),
            TEXT.replace("20852163", "9" * 5000),
            TEXT.replace("2I=", "2J="),
            TEXT.replace("2I=", "2I"),
            TEXT.replace("CsUY", ""),
            TEXT.replace("CsUY", "CsUYCsUY"),
        ],
    )
    def test_of_any_other_form_is_refused(self, text):
        with pytest.raises(Malformed):
            Checkpoint.parse(text)

    @pytest.mark.parametrize(
        "parts",
        [
            ("", 1, ROOT),
            ("a\nb", 1, ROOT),
            ("a\tb", 1, ROOT),
            ("a", -1, ROOT),
            ("a", 2**63, ROOT),
            ("a", 1, ROOT[1:]),
            ("a", 1, ROOT, ("",)),
            ("a", 1, ROOT, ("b\n2",)),
        ],
    )
    def test_is_not_made_of_parts_that_it_cannot_hold(self, parts):
        with pytest.raises(Malformed):
            Checkpoint(*parts)


class TestOpen:
    def test_takes_what_its_log_has_signed(self):
        opened = open_checkpoint(signed(leaves(5)), origin=ORIGIN, logs=[LOG])
        assert opened.checkpoint.size == 5
        assert [one.name for one in opened.note.verified] == [ORIGIN]

    def test_refuses_that_of_another_log(self):
        with pytest.raises(WrongOrigin, match=r"other\.example"):
            open_checkpoint(signed(leaves(5), origin="other.example"), origin=ORIGIN, logs=[LOG])

    def test_refuses_one_that_another_key_has_signed(self):
        by_another_seed = signed(leaves(5), key=log_key(seed=2))
        by_another_name = signed(leaves(5), key=log_key("other.example"))
        for data in (by_another_seed, by_another_name):
            with pytest.raises(NotSigned):
                open_checkpoint(data, origin=ORIGIN, logs=[LOG])

    def test_refuses_one_that_only_a_witness_has_signed(self):
        note = Note.parse(cosigned(signed(leaves(5), key=log_key(seed=2)), witness_key()))
        with pytest.raises(NotSigned, match=f"no key of {ORIGIN}"):
            open_checkpoint(note.to_bytes(), origin=ORIGIN, logs=[LOG], witnesses=[WITNESS])

    def test_refuses_one_with_a_wrong_cosignature_of_a_known_witness(self):
        data = signed(leaves(5))
        [cosignature] = Note.parse(cosigned(signed(leaves(6)), witness_key())).signatures[1:]
        data = Note.parse(data).with_signatures([cosignature]).to_bytes()
        with pytest.raises(InvalidSignature, match=r"witness\.example/w1"):
            open_checkpoint(data, origin=ORIGIN, logs=[LOG], witnesses=[WITNESS])
        assert open_checkpoint(data, origin=ORIGIN, logs=[LOG]).note.unknown == (cosignature,)

    def test_takes_any_of_several_keys_of_the_log(self):
        newer = NoteVerifier(log_key(seed=2).verifier_key)
        assert open_checkpoint(signed(leaves(5)), origin=ORIGIN, logs=[newer, LOG])

    def test_refuses_a_note_that_is_no_checkpoint(self):
        note = Note(f"{ORIGIN}\n5\n", Note.parse(signed(leaves(5))).signatures)
        with pytest.raises(Malformed, match="three lines"):
            open_checkpoint(note.to_bytes(), origin=ORIGIN, logs=[LOG])

    def test_refuses_a_log_key_whose_text_was_changed(self):
        data = signed(leaves(5)).replace(b"\n5\n", b"\n6\n")
        with pytest.raises(InvalidSignature):
            open_checkpoint(data, origin=ORIGIN, logs=[LOG])

    def test_takes_a_log_that_signs_by_cosignature(self):
        key = witness_key(ORIGIN)

        data = cosigned(signed(leaves(5)), key)
        logs = [CosignatureVerifier(key.verifier_key)]
        assert open_checkpoint(data, origin=ORIGIN, logs=logs).checkpoint.size == 5
