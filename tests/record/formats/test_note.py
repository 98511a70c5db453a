"""Signed notes: vectors of others, and every kind of wrong one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.cosignature import CosignatureVerifier
from record.formats.encodings import Malformed
from record.formats.keys import SignerKey, VerifierKey
from record.formats.note import (
    LONGEST_NOTE,
    MOST_SIGNATURES,
    InvalidSignature,
    Note,
    NoteSigner,
    NoteVerifier,
    NotSigned,
    Signature,
    open_note,
    sign_note,
)

from .logs import log_key, witness_key
from .test_keys import ENOCH, FOO, PETER, PETER_SECRET

TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
# From the tests of Go's sumdb/note.
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PETER_VERIFIER = NoteVerifier(VerifierKey.parse(PETER))
ENOCH_VERIFIER = NoteVerifier(VerifierKey.parse(ENOCH))
PETER_SIGNER = NoteSigner(SignerKey.parse(PETER_SECRET))

lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=list(map(chr, range(32)))), max_size=20)
texts = st.lists(lines).map(lambda some: "".join(f"{line}\n" for line in some) or "\n")


def written(*parts):
    return "".join(parts).encode()


class TestOpen:
    def test_takes_the_example_of_the_specification(self):
        data = written(
            "This is an example message.\n\n",
            "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",  # noqa: E501
        )
        opened = open_note(data, [NoteVerifier(VerifierKey.parse(FOO))])
        assert opened.text == "This is an example message.\n"
        assert Note.parse(data).to_bytes() == data

    def test_ignores_signatures_by_unknown_keys(self):
        opened = open_note(written(TEXT, "\n", PETER_LINE, ENOCH_LINE), [PETER_VERIFIER])
        assert opened.text == TEXT
        assert [one.name for one in opened.verified] == ["PeterNeumann"]
        assert [one.name for one in opened.unknown] == ["EnochRoot"]

    def test_verifies_each_signature_by_a_known_key(self):
        opened = open_note(written(TEXT, "\n", PETER_LINE, ENOCH_LINE), [ENOCH_VERIFIER, PETER_VERIFIER])
        assert [one.name for one in opened.verified] == ["PeterNeumann", "EnochRoot"]
        assert opened.unknown == ()

    @pytest.mark.parametrize("verifiers", [[], [NoteVerifier(log_key().verifier_key)]])
    def test_refuses_a_note_that_no_known_key_has_signed(self, verifiers):
        with pytest.raises(NotSigned):
            open_note(written(TEXT, "\n", PETER_LINE, ENOCH_LINE), verifiers)

    def test_refuses_a_note_with_one_wrong_signature_by_a_known_key(self):
        note = Note.parse(written(TEXT, "\n", PETER_LINE))
        [good] = note.signatures
        for place in range(64):
            wrong = good.signature[:place] + bytes([good.signature[place] ^ 1]) + good.signature[place + 1 :]
            bad = Note(TEXT, (good, good._replace(signature=wrong)))
            with pytest.raises(InvalidSignature, match="PeterNeumann by the key c74f20a3 is wrong"):
                open_note(bad.to_bytes(), [PETER_VERIFIER])

    def test_refuses_a_text_that_was_changed(self):
        for text in (TEXT.replace("answer", "answar"), TEXT + "more\n", TEXT + "\n", TEXT[1:], TEXT + " \n"):
            with pytest.raises(InvalidSignature):
                open_note(written(text, "\n", PETER_LINE), [PETER_VERIFIER])

    def test_tells_keys_of_the_same_name_apart(self):
        other = NoteSigner(log_key("PeterNeumann"))
        data = Note(TEXT, (other.sign(TEXT), PETER_SIGNER.sign(TEXT))).to_bytes()
        opened = open_note(data, [PETER_VERIFIER])
        assert [one.key_id.hex() for one in opened.verified] == ["c74f20a3"]
        assert len(opened.unknown) == 1

    def test_refuses_two_known_keys_that_cannot_be_told_apart(self):
        class Other:
            name, key_id = "EnochRoot", ENOCH_VERIFIER.key_id

            def verify(self, text, signature):
                return True

        with pytest.raises(ValueError, match=r"two known keys have the name EnochRoot and the ID af0cfe78"):
            open_note(written(TEXT, "\n", ENOCH_LINE), [ENOCH_VERIFIER, Other()])
        assert open_note(written(TEXT, "\n", ENOCH_LINE), [ENOCH_VERIFIER, ENOCH_VERIFIER]).verified

    def test_takes_a_verifier_of_another_type(self):
        class ByLength:
            """Stands for a signature type that is not made yet."""

            name, key_id = "new.example", b"\x06new"

            def verify(self, text, signature):
                return signature == b"%d" % len(text)

        data = Note("four\n", (Signature("new.example", b"\x06new", b"5"),)).to_bytes()
        assert open_note(data, [ByLength()]).verified

    @given(texts)
    def test_gives_back_each_text_that_was_signed(self, text):
        data = sign_note(text, PETER_SIGNER).to_bytes()
        assert open_note(data, [PETER_VERIFIER]).text == text
        assert Note.parse(data).to_bytes() == data


class TestParse:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "no empty line"),
            (written(TEXT), "no empty line"),
            (written(TEXT, PETER_LINE), "no empty line"),
            (written(TEXT, "\n"), "no signature line"),
            (written("\n", PETER_LINE), "no empty line"),
            (written(TEXT, "\n", PETER_LINE[:-1]), "last signature line has no newline"),
            (written(TEXT, "\n", PETER_LINE, "Unexpected line.\n"), "no signature line"),
            (written(TEXT, "\n", "Unexpected line.\n", PETER_LINE), "no signature line"),
            (written("\x01", TEXT, "\n", PETER_LINE), "control character"),
            (written(TEXT.replace("\n", "\r\n"), "\n", PETER_LINE), "control character '\\\\r'"),
            (written("a\tb\n\n", PETER_LINE), "control character '\\\\t'"),
            (b"\xff" + written(TEXT, "\n", PETER_LINE), "no UTF-8"),
            (b"\xed\xa0\x80" + written(TEXT, "\n", PETER_LINE), "no UTF-8"),
            (written(TEXT, "\n", PETER_LINE.replace("— ", "- ")), "no signature line"),
            (written(TEXT, "\n", PETER_LINE.replace("— ", "—")), "no signature line|no name"),
            (written(TEXT, "\n", PETER_LINE.replace("— ", "—  ")), "no name"),
            (written(TEXT, "\n", "— Bad Name x08go/ZJkuBS\n"), "base64"),
            (written(TEXT, "\n", "— Bad+Name x08go/ZJkuBS\n"), "no name of a key"),
            (written(TEXT, "\n", "— PeterNeumann\n"), "no signature line"),
            (written(TEXT, "\n", "— PeterNeumann \n"), "0 bytes"),
            (written(TEXT, "\n", "— PeterNeumann x08gow==\n"), "4 bytes"),
            (written(TEXT, "\n", PETER_LINE.replace("=\n", "\n")), "no base64"),
            (written(TEXT, "\n", PETER_LINE.replace("=\n", "==\n")), "no base64"),
            # The last four bits but two mean nothing.
            (written(TEXT, "\n", PETER_LINE.replace("nAM=\n", "nAN=\n")), "no canonical base64"),
            (written(TEXT, "\n", PETER_LINE.replace("=\n", "= \n")), "no base64"),
            (written(TEXT, "\n", PETER_LINE.replace("/", "_")), "no base64"),
        ],
    )
    def test_refuses_what_is_no_note(self, data, reason):
        with pytest.raises(Malformed, match=reason):
            open_note(data, [PETER_VERIFIER])

    def test_takes_the_last_empty_line_as_the_end_of_the_text(self):
        note = Note.parse(written("a\n\n— b AAAAAAA=\n\n\n", PETER_LINE))
        assert note.text == "a\n\n— b AAAAAAA=\n\n"
        assert len(note.signatures) == 1

    def test_takes_one_hundred_signatures_and_no_more(self):
        assert len(Note.parse(written(TEXT, "\n", PETER_LINE * MOST_SIGNATURES)).signatures) == 100
        with pytest.raises(Malformed, match="101 signatures"):
            Note.parse(written(TEXT, "\n", PETER_LINE * (MOST_SIGNATURES + 1)))

    def test_takes_sixteen_signatures_of_five_kilobytes(self):
        one = Signature("quantum.example", b"\x06abc", bytes(5000))
        assert Note.parse(Note(TEXT, (one,) * 16).to_bytes()).signatures == (one,) * 16

    def test_refuses_a_note_that_is_too_long(self):
        with pytest.raises(Malformed, match="1000001 bytes"):
            Note.parse(b"a" * (LONGEST_NOTE + 1))

    @given(st.binary(max_size=60) | texts.map(str.encode))
    def test_never_fails_otherwise(self, data):
        with suppress(Malformed):
            assert Note.parse(data).to_bytes() == data


class TestSign:
    def test_writes_what_go_writes(self):
        assert sign_note(TEXT, PETER_SIGNER).to_bytes() == written(TEXT, "\n", PETER_LINE)

    @pytest.mark.parametrize("text", ["", "no end", "a\rb\n", "a\x00\n", "\ud800\n"])
    def test_refuses_a_text_that_no_note_can_have(self, text):
        with pytest.raises(Malformed, match="the text of a note"):
            sign_note(text, PETER_SIGNER)

    @pytest.mark.parametrize("name", ["a b", "x AAAAAAA=\n— y", ""])
    def test_writes_no_signature_under_a_name_that_would_be_read_otherwise(self, name):
        with pytest.raises(Malformed):
            Note(TEXT, (Signature(name, b"abcd", b"e"),)).to_bytes()

    def test_writes_no_note_without_a_signature(self):
        with pytest.raises(Malformed, match="no signature line"):
            Note(TEXT).to_bytes()

    def test_writes_no_signature_with_a_key_id_of_another_length(self):
        with pytest.raises(Malformed, match="another one"):
            Note(TEXT, (Signature("a", b"abc", b"efg"),)).to_bytes()

    def test_needs_a_key_of_its_type(self):
        with pytest.raises(Malformed, match="has the type 4"):
            NoteSigner(witness_key())
        with pytest.raises(Malformed, match="has the type 4"):
            NoteVerifier(witness_key().verifier_key)
        with pytest.raises(Malformed, match="has the type 1"):
            CosignatureVerifier(log_key().verifier_key)


class TestWithSignatures:
    def test_replaces_older_ones_by_the_same_key(self):
        note = Note.parse(written(TEXT, "\n", PETER_LINE, ENOCH_LINE))
        newer = note.signatures[0]._replace(signature=b"newer")
        assert note.with_signatures([newer]).signatures == (note.signatures[1], newer)
        other_key = newer._replace(key_id=b"abcd")
        assert note.with_signatures([other_key]).signatures == (*note.signatures, other_key)
