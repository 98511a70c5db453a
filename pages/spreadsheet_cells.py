"""Cells of CSV files that spreadsheets show as text, and never run as a formula."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

# A spreadsheet takes a cell that begins with one of these for a formula; the wide ones are typed in East Asia.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# What spreadsheets themselves put before a text that is no formula.
_TEXT = "'"


def write_rows(file: TextIO, rows: Iterable[Sequence[str | int]]) -> None:
    """Write rows as CSV, which a spreadsheet opens without running anything in it.

    The file must be opened with `newline=""`, and with the encoding `utf-8-sig` if a spreadsheet is to open it.
    """
    # All texts are quoted: spreadsheets that separate by semicolons would begin a cell after one.
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([cell if isinstance(cell, int) else write_cell(cell) for cell in row] for row in rows)


def write_cell(text: str) -> str:
    """Return a text as it can stand in a cell."""
    return _TEXT + text if text.lstrip(" ").startswith(_STARTS) else text


def read_cell(cell: str) -> str:
    """Return the text of a cell that `write_cell` or a spreadsheet wrote."""
    return cell[1:] if cell.startswith(_TEXT) and cell[1:].lstrip(" ").startswith(_STARTS) else cell
