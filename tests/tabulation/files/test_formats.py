"""Any file: its format is found, and whatever is in it, nothing but a refusal or a content comes out."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tabulation.files import abif, blt, formats, preflib
from tabulation.files.content import Content, Kind
from tabulation.files.sentences import InvalidFile
from tabulation.files.table_layout import Cells, Layout

CONTENT = Content(("Ana", "Bea"), Kind.RANKINGS, {((0,), (1,)): 3, ((1,),): 1}, "Board", 1)
WRITTEN = {
    "blt": "".join(blt.write(CONTENT)),
    "abif": "".join(abif.write(CONTENT)),
    "preflib": "".join(preflib.write(CONTENT)),
    "csv": "Timestamp,Ana,Bea\nx,1,2\nx,1,2\nx,1,2\nx,,1\n",
}
# Pieces of which files are made, so that what is drawn comes near to one.
PIECES = st.sampled_from(
    [
        "\n", "\n", " ", "0", "1", "2", "3 2", "1 2 0\n", "-1", "-", "=", ">", ",", ";", ":", "/", "#", '"', '"Ana"',
        "[", "]", "{", "}", "Ana", "Bea", "\t", "27:", "title", "5", "# ALTERNATIVE NAME 1: Ana", "# TITLE:",
        "1: {1,2}", "1st choice", "Board [Ana]", "é", "\x00", "\x1b", "\u2028", "99999999999999999999", "٣", "²", "½",
    ]
)  # fmt: skip


def read(data: bytes, **more: object) -> formats.Found:
    return formats.read([data], **more)


class TestRead:
    @pytest.mark.parametrize("name", formats.FORMATS)
    @pytest.mark.parametrize("head", ["", "\n\n", "# made by hand\n", "\n  # and indented\n"])
    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
    def test_finds_the_format(self, name, head, codec):
        if name == "csv" and "#" in head:
            head = ""
        found = read((head + WRITTEN[name]).encode(codec))
        assert found.encoding == ("UTF-16" if codec == "utf-16" else "UTF-8")
        assert (found.format, found.content.names, dict(found.content.ballots)) == (
            name,
            ("Ana", "Bea"),
            {((0,), (1,)): 3, ((1,),): 1},
        )

    def test_takes_the_format_that_is_said(self):
        with pytest.raises(InvalidFile, match="line 1: a BLT file begins with"):
            read(WRITTEN["csv"].encode(), format="blt")

    def test_reads_on_after_the_lines_that_show_the_format(self):
        found = read(("3 1\n" + "1 1 0\n" * 70 + "1 2 0\n0\nAna\nBea\nCarlo\n").encode())
        assert (found.format, dict(found.content.ballots)) == ("blt", {((0,),): 70, ((1,),): 1})

    def test_reads_a_table_as_the_layout_has_it(self):
        table = b"Ana,Bea\n2,1\n"
        assert dict(read(table).content.ballots) == {((1,), (0,)): 1}
        assert dict(read(table, layout=Layout(cells=Cells.SCORES)).content.ballots) == {(2, 1): 1}

    @given(st.binary(max_size=200))
    def test_refuses_or_reads_any_bytes(self, data):
        self.try_all(data)

    @given(st.lists(PIECES, max_size=40).map("".join))
    @example("² 2\n")
    @example("Board [²]\n1\n")
    def test_refuses_or_reads_what_comes_near_to_a_file(self, text):
        self.try_all(text.encode())

    @pytest.mark.parametrize("name", formats.FORMATS)
    @given(data=st.data())
    def test_refuses_or_reads_a_file_with_a_change(self, name, data):
        text = WRITTEN[name]
        place = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(place, min(place + 5, len(text))))
        self.try_all((text[:place] + data.draw(PIECES) + text[end:]).encode())

    @staticmethod
    def try_all(data: bytes) -> None:
        layouts = [Layout(), Layout(prefers=Kind.SCORES), *(Layout(cells=cells) for cells in Cells)]
        for arguments in [*({"format": name} for name in formats.FORMATS), *({"layout": layout} for layout in layouts)]:
            with suppress(InvalidFile):
                content = read(data, **arguments).content
                assert content.names
                assert content.only(range(len(content.names))) == content
