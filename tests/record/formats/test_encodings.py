"""Numbers and base64: one text for each value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.formats.encodings import LARGEST_NUMBER, Malformed, read_base64, read_decimal, read_hash, write_base64


class TestDecimals:
    @given(st.integers(0, LARGEST_NUMBER))
    def test_are_read_as_they_are_written(self, number):
        assert read_decimal(str(number)) == number

    @pytest.mark.parametrize("text", ["0", "1", "10", str(LARGEST_NUMBER)])
    def test_are_read(self, text):
        assert str(read_decimal(text)) == text

    @pytest.mark.parametrize(
        "text",
        ["", "00", "01", "-1", "+1", " 1", "1 ", "1\n", "1_0", "0x1", "1.0", "٣", "²", str(2**63), "9" * 5000],
    )
    def test_of_any_other_form_are_refused(self, text):
        with pytest.raises(Malformed):
            read_decimal(text)


class TestBase64:
    @given(st.binary())
    def test_is_read_as_it_is_written(self, data):
        assert read_base64(write_base64(data)) == data

    # Of the last two other programs read the first byte 0x00: bits are left over that mean nothing.
    @pytest.mark.parametrize(
        "text", ["A", "AAA", "AA", "AA=", "A===", "AAAA=", "AA==\n", " AA==", "A A==", "AB==", "AAB="]
    )
    def test_of_any_other_form_is_refused(self, text):
        with pytest.raises(Malformed):
            read_base64(text)

    @pytest.mark.parametrize("text", ["-_8=", "é===", "AA==AA==", "\udc80AAA"])
    def test_of_another_alphabet_is_refused(self, text):
        with pytest.raises(Malformed):
            read_base64(text)


class TestHashes:
    def test_have_32_bytes(self):
        assert read_hash(write_base64(bytes(32))) == bytes(32)
        for length in (0, 31, 33, 64):
            with pytest.raises(Malformed, match=f"a hash of {length} bytes"):
                read_hash(write_base64(bytes(length)))
