"""Keys: their IDs, and the text that they are written as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import Malformed, write_base64
from record.formats.keys import SignatureType, SignerKey, VerifierKey, require_name

# From the tests of Go's sumdb/note, and the example of the specification.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

names = st.text(st.characters(exclude_characters="+", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1)
types = st.sampled_from(SignatureType)


class TestVerifierKey:
    @pytest.mark.parametrize("text", [PETER, ENOCH, FOO])
    def test_is_read_as_it_is_written(self, text):
        key = VerifierKey.parse(text)
        assert key.signature_type == SignatureType.ED25519
        assert f"{key.name}+{key.key_id.hex()}+" in text
        assert str(key) == text

    @given(names, types, st.binary(min_size=32, max_size=32))
    def test_of_any_name_is_read_as_it_is_written(self, name, signature_type, public_key):
        key = VerifierKey(name, signature_type, public_key)
        assert VerifierKey.parse(str(key)) == key

    def test_is_another_one_under_another_name_or_type(self):
        public = VerifierKey.parse(PETER).public_key
        keys = {
            VerifierKey("a", SignatureType.ED25519, public).key_id,
            VerifierKey("b", SignatureType.ED25519, public).key_id,
            VerifierKey("a", SignatureType.COSIGNATURE, public).key_id,
        }
        assert len(keys) == 3

    def test_is_refused_with_any_character_changed(self):
        for place, character in enumerate(PETER):
            with pytest.raises(Malformed):
                VerifierKey.parse(PETER[:place] + chr(ord(character) + 1) + PETER[place + 1 :])

    def test_is_refused_where_any_part_of_it_is_missing(self):
        for start in range(len(PETER)):
            for end in range(start, len(PETER) + 1):
                if (start, end) != (0, len(PETER)):
                    with pytest.raises(Malformed):
                        VerifierKey.parse(PETER[start:end])

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            # Both with a key ID that fits, from the tests of Go's sumdb/note.
            ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "base64|bytes"),
            ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "type 0x65 cannot be used"),
            (PETER.replace("c74f20a3", "C74F20A3"), "has the ID c74f20a3"),
            (PETER + "\n", "no base64"),
            ("PeterNeumann+c74f20a3+", "empty"),
            ("PeterNeumann+c74f20a3+AQ==", "0 bytes"),
        ],
    )
    def test_says_what_is_wrong(self, text, reason):
        with pytest.raises(Malformed, match=reason):
            VerifierKey.parse(text)

    def test_of_a_type_that_withstands_quantum_computers_is_named(self):
        with pytest.raises(Malformed, match="type 0x06 cannot be used here"):
            VerifierKey.parse(f"w+00000000+{write_base64(bytes([6]) + bytes(1312))}")


class TestSignerKey:
    def test_is_read_as_it_is_written(self):
        key = SignerKey.parse(PETER_SECRET)
        assert str(key.verifier_key) == PETER
        assert key.to_secret_text() == PETER_SECRET

    @given(names, types, st.binary(min_size=32, max_size=32))
    def test_signs_what_its_verifier_key_knows(self, name, signature_type, seed):
        key = SignerKey.parse(SignerKey(name, signature_type, seed).to_secret_text())
        signature = key.sign(b"a message")
        assert key.verifier_key.has_signed(b"a message", signature)
        assert not key.verifier_key.has_signed(b"a massage", signature)

    @pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
    def test_knows_what_is_no_signature(self, signature):
        assert not SignerKey.parse(PETER_SECRET).verifier_key.has_signed(b"a message", signature)

    def test_signs_as_in_rfc_8032(self):
        seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        key = SignerKey("a", SignatureType.ED25519, seed)
        public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        assert key.verifier_key.public_key.hex() == public
        assert key.sign(b"\x72").hex() == (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )

    def test_is_refused_with_any_character_changed(self):
        for place, character in enumerate(PETER_SECRET):
            with pytest.raises(Malformed):
                SignerKey.parse(PETER_SECRET[:place] + chr(ord(character) + 1) + PETER_SECRET[place + 1 :])

    def test_never_shows_its_secret(self):
        key = SignerKey.parse(PETER_SECRET)
        secret = PETER_SECRET.rpartition("+")[2]
        assert repr(key.seed) not in repr(key)
        for text in (PETER_SECRET[:-1], PETER_SECRET[8:], PETER_SECRET.replace("c74f20a3", "c74f20a4")):
            with pytest.raises(Malformed) as raised:
                SignerKey.parse(text)
            error = raised.value
            while error:
                assert secret[2:10] not in str(error)
                error = error.__cause__ or error.__context__


class TestNames:
    @pytest.mark.parametrize("name", ["a", "example.com/foo", "été", "名前", "a/b?c=d#e", "\u200b", "oid/1.3.6.1"])
    def test_are_taken(self, name):
        require_name(name)

    @pytest.mark.parametrize(
        "name", ["", "a b", "a+b", "+", "a\n", "a\tb", "a\x00", "a\x85", "a\xa0b", "a\u2028", "a\u3000b", "\ud800"]
    )
    def test_with_spaces_or_pluses_are_refused(self, name):
        with pytest.raises(Malformed, match="is no name of a key"):
            require_name(name)
