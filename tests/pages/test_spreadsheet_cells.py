import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.spreadsheet_cells import read_cell, write_cell, write_rows


class TestWriteRows:
    @pytest.mark.parametrize("text", ["=1+1", "+34 600", "-x", "@sum(1)", "\t=1", "\r=1", "  =1", "＝1"])
    def test_makes_text_of_what_a_spreadsheet_would_run(self, text: str) -> None:
        file = io.StringIO(newline="")
        write_rows(file, [(text, -1)])
        assert file.getvalue().startswith("\"'")
        assert next(csv.reader([file.getvalue()])) == ["'" + text, "-1"]

    def test_lets_no_separator_of_another_country_begin_a_cell(self) -> None:
        file = io.StringIO(newline="")
        write_rows(file, [("Ana;=1+1", "Bea\t=1")])
        assert next(csv.reader([file.getvalue()], delimiter=";")) != ["Ana", "=1+1"]
        assert file.getvalue() == '"Ana;=1+1","Bea\t=1"\r\n'

    @given(st.text())
    def test_is_read_back(self, text: str) -> None:
        assert read_cell(write_cell(text)) == text or text.startswith("'")
