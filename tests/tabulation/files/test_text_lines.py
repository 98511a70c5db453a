"""Bytes as lines of text: encodings, line ends, and what is no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import text_lines
from tabulation.files.sentences import InvalidFile
from tabulation.files.text_lines import TextLines

TEXT = "4 2\n“Señal” and Pøllüx\n\nend"


def read(data: bytes, size: int = 1_000_000) -> tuple[list[str], str]:
    lines = TextLines(data[place : place + size] for place in range(0, len(data), size))
    return list(lines), lines.encoding


class TestTextLines:
    @pytest.mark.parametrize(
        ("codec", "encoding"),
        [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp1252", "Latin-1")],
    )
    @pytest.mark.parametrize("size", [1, 2, 3, 1000])
    def test_are_the_same_in_any_encoding_and_in_blocks_of_any_size(self, codec, encoding, size):
        assert read(TEXT.encode(codec), size) == (TEXT.split("\n"), encoding)

    def test_are_the_same_in_big_endian_utf16(self):
        assert read(b"\xfe\xff" + TEXT.encode("utf-16-be")) == (TEXT.split("\n"), "UTF-16")

    def test_may_have_bytes_that_windows_1252_has_not(self):
        assert read(b"a\x81b\xe9") == (["a\x81bé"], "Latin-1")

    @pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
    @given(size=st.integers(1, 9))
    def test_end_like_on_any_system(self, end, size):
        assert read(end.join(["a", "", "b", ""]).encode(), size)[0] == ["a", "", "b"]

    def test_keep_spaces_and_all_else_before_their_end(self):
        assert read(b"a \t\nX\r\n X")[0] == ["a \t", "X", " X"]

    def test_may_be_as_long_as_the_longest(self, monkeypatch):
        monkeypatch.setattr(text_lines, "LONGEST_LINE", 5)
        assert read(b"a\nbbbbb")[0] == ["a", "bbbbb"]

    def test_are_numbered_from_block_to_block_where_one_is_too_long(self, monkeypatch):
        monkeypatch.setattr(text_lines, "LONGEST_LINE", 5)
        with pytest.raises(InvalidFile, match=r"^line 12: the line is longer than 5 characters$"):
            read(b"a\nb\n" * 5 + b"c\n" + b"d" * 18, 20)
        with pytest.raises(InvalidFile, match=r"^line 3: this is no text"):
            read(b"a\nb\nc\0")

    def test_are_none_in_an_empty_file(self):
        assert read(b"") == ([], "UTF-8")

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"PK\x03\x04rest", "this is a workbook or another archive: save the sheet as CSV"),
            (b"%PDF-1.7", "this is a PDF"),
            (b"\x1f\x8b\x08\x00", "this is compressed"),
            (b"a\nb\0c", "line 2: this is no text"),
            ("4 2\n".encode("utf-16-le"), "line 1: this is no text"),
            (b"\xff\xfea", "this is no text"),
            (b"\xff\xfe\x00\xd8a\x00", "this is no text"),
            (b"a\n" + b"b" * (text_lines.LONGEST_LINE + 2), "line 2: the line is longer than 1000000 characters"),
        ],
    )
    def test_are_refused_where_they_are_no_text(self, data, reason):
        with pytest.raises(InvalidFile) as problem:
            read(data)
        assert str(problem.value).startswith(reason)
