import io

import pytest
from django.core.exceptions import ValidationError

from office.roll_files.columns import Column, guess
from office.roll_files.encodings import find_encoding
from office.roll_files.layout import recognise
from office.roll_files.reading import Reading

N, F, S, G, W, E, M = (
    Column.NAME, Column.FIRST_NAME, Column.SURNAME, Column.GROUP, Column.WEIGHT, Column.EMAIL, Column.MEMBER_NUMBER,
)  # fmt: skip
SPANISH = "Nombre;Peso\r\nMaría Núñez;2\r\nÓscar Peña;1\r\n"


def names(content: bytes) -> list[str]:
    file = io.BytesIO(content)
    return [record.name for record in Reading(file, recognise(file))]


class TestEncoding:
    @pytest.mark.parametrize(
        ("encoding", "start", "found"),
        [
            ("utf-8", b"", "utf-8-sig"),
            ("utf-8-sig", b"", "utf-8-sig"),
            ("utf-16-le", b"\xff\xfe", "utf-16-le"),
            ("utf-16-be", b"\xfe\xff", "utf-16-be"),
            ("utf-16-le", b"", "utf-16-le"),
            ("utf-16-be", b"", "utf-16-be"),
            ("latin-1", b"", "cp1252"),
            ("cp1252", b"", "cp1252"),
        ],
    )
    def test_is_found_and_read(self, encoding: str, start: bytes, found: str) -> None:
        content = start + SPANISH.encode(encoding)
        assert find_encoding(io.BytesIO(content)) == found
        assert names(content) == ["María Núñez", "Óscar Peña"]

    def test_of_a_file_of_many_blocks_is_utf_8_although_characters_stand_across_blocks(self) -> None:
        assert find_encoding(io.BytesIO("ñ€😀a".encode() * 500_000)) == "utf-8-sig"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "is empty"),
            (b"\xef\xbb\xbf", "is empty"),
            (b"\n\n", "has no rows"),
            (b"PK\x03\x04rest", "a workbook"),
            (b"\xd0\xcf\x11\xe0rest", "a workbook"),
            (b"name\n\0\1\2\3\4\5abcdefghijklmnopqrstuvwxyz", "no text"),
            (b"name\nP\x81xx\n", "no encoding that is known"),
            ("name\nAna Ñ\nÓscar\n".encode() + b"Bea \xff\n", "line 4 has bytes that are not"),
        ],
    )
    def test_is_refused_with_the_reason(self, content: bytes, reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            recognise(io.BytesIO(content))


class TestLayout:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_has_the_separator(self, separator: str, end: str) -> None:
        rows = ["name,group,weight", '"Gil, Ana",a;b,1', 'Bea "B" Ruiz,c,2']
        if separator != ",":
            rows = [row.replace(",", separator) for row in ["name,group,weight", 'Ana,"a;b",1', "Bea,c,2"]]
        layout = recognise(io.BytesIO(end.join(rows).encode()))
        assert (layout.separator, layout.columns, layout.title_line) == (separator, (N, G, W), 1)

    def test_skips_what_spreadsheets_tell_each_other(self) -> None:
        content = b"sep=;\r\nAna;1\r\nBea;2\r\n"
        assert recognise(io.BytesIO(content)).separator == ";"
        assert names(b"sep=;\r\nName;x\r\nAna;1\r\n") == ["Ana"]

    def test_finds_titles_below_a_heading(self) -> None:
        layout = recognise(io.BytesIO(b"Members of 2026,\n\nNo.,Name\n1,Ana\n"))
        assert (layout.title_line, layout.titles, layout.columns) == (3, ("No.", "Name"), (M, N))
        assert [row.cells for row in layout.sample] == [["1", "Ana"]]

    def test_takes_one_column_without_title_for_names(self) -> None:
        assert names(b"Ana\nBea\n") == ["Ana", "Bea"]

    def test_guesses_nothing_from_several_columns_without_titles(self) -> None:
        layout = recognise(io.BytesIO(b"Ana,1\nBea,2\n"))
        assert (layout.columns, layout.title_line) == ((None, None), 0)


class TestGuess:
    @pytest.mark.parametrize(
        ("titles", "columns"),
        [
            ("Name,Group,Weight,E-mail,Member number", (N, G, W, E, M)),
            ("NOMBRE,Sección,Peso,Correo electrónico,Número de socio", (N, G, W, E, M)),
            ("Nombre,Apellidos,N.º de socio,e-mail", (F, S, M, E)),
            ("First name,Last name,ID", (F, S, M)),
            ("Nombre y apellidos,Teléfono,Votos", (N, None, W)),
            ("Email,E-mail,name", (E, None, N)),
            ("Straße,,x", (None, None, None)),
        ],
    )
    def test_knows_the_usual_titles(self, titles: str, columns: tuple[Column | None, ...]) -> None:
        assert guess(titles.split(",")) == columns
