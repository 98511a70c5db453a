"""Cosignatures: what is signed, and at what time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.cosignature import CosignatureVerifier, Cosigner, cosigned_at, signed_message
from record.formats.encodings import LARGEST_NUMBER, Malformed

from .logs import WITNESS, log_key, witness_key
from .test_checkpoint import TEXT

COSIGNER = Cosigner(witness_key())


class TestCosigner:
    def test_signs_the_message_of_the_specification(self):
        message = b"cosignature/v1\ntime 1679315147\n" + TEXT.encode()
        assert signed_message(TEXT, 1_679_315_147) == message
        signature = COSIGNER.cosign(TEXT, 1_679_315_147)
        assert signature.signature[:8] == (1_679_315_147).to_bytes(8, "big")
        assert signature.signature[8:] == witness_key().sign(message)
        assert (signature.name, signature.key_id) == (WITNESS.name, WITNESS.key_id)

    def test_signs_extension_lines_as_well(self):
        signature = COSIGNER.cosign(TEXT + "extension\n", 5).signature
        assert WITNESS.verify(TEXT + "extension\n", signature)
        assert not WITNESS.verify(TEXT, signature)

    @pytest.mark.parametrize("text", ["", "a\n", TEXT[:-1], TEXT.replace("20852163", "020852163")])
    def test_refuses_what_is_no_checkpoint(self, text):
        with pytest.raises(Malformed):
            COSIGNER.cosign(text, 5)

    @pytest.mark.parametrize("time", [-1, 0, 2**63])
    def test_refuses_an_impossible_time(self, time):
        with pytest.raises(Malformed, match="a time from 1 to"):
            COSIGNER.cosign(TEXT, time)

    def test_needs_a_key_of_its_type(self):
        with pytest.raises(Malformed, match="has the type 1"):
            Cosigner(log_key())


class TestVerifier:
    @given(st.integers(1, LARGEST_NUMBER))
    def test_takes_a_cosignature_of_any_time(self, time):
        signature = COSIGNER.cosign(TEXT, time).signature
        assert WITNESS.verify(TEXT, signature)
        assert cosigned_at(signature) == time

    def test_refuses_one_with_any_byte_changed(self):
        good = COSIGNER.cosign(TEXT, 5).signature
        for place in range(len(good)):
            assert not WITNESS.verify(TEXT, good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])

    def test_refuses_one_of_another_checkpoint_or_witness(self):
        signature = COSIGNER.cosign(TEXT, 5).signature
        assert not WITNESS.verify(TEXT.replace("20852163", "20852164"), signature)
        assert not CosignatureVerifier(witness_key(seed=102).verifier_key).verify(TEXT, signature)

    @pytest.mark.parametrize("data", [b"", bytes(64), bytes(71), bytes(73), b"\x80" + bytes(71)])
    def test_refuses_what_is_no_cosignature(self, data):
        assert not WITNESS.verify(TEXT, data)
        with pytest.raises(Malformed, match="a cosignature is a time of 8 bytes"):
            cosigned_at(data)

    def test_refuses_a_cosignature_of_what_is_no_checkpoint(self):
        text = "no checkpoint\n"
        signature = (5).to_bytes(8, "big") + witness_key().sign(signed_message(text, 5))
        assert not WITNESS.verify(text, signature)

    def test_refuses_a_plain_signature_of_the_text(self):
        assert not WITNESS.verify(TEXT, (5).to_bytes(8, "big") + witness_key().sign(TEXT.encode()))
