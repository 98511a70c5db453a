"""The rows of a CSV file, each with the number of its line."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

# Characters, and lines that one row may stretch over, since cells may have line breaks.
LONGEST_ROW = 10_000
MOST_LINES = 20
# What spreadsheets write for each other in the first line.
_IS_SEPARATOR = re.compile(r'"?sep=.?"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, or what is wrong with it; `line` is its first line, from 1 on."""

    line: int
    cells: list[str]
    fault: str = ""


def read_rows(file: BinaryIO, encoding: str, separator: str) -> Iterator[Row]:
    """Yield the rows that are not blank; a row whose quotes are broken does not swallow those that follow."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=None)
    try:
        pending: list[tuple[int, str]] = []
        lines = _number(text)
        while True:
            line, raw = pending.pop(0) if pending else next(lines, (0, ""))
            if not line:
                return
            if not raw.strip() or (line == 1 and _IS_SEPARATOR.fullmatch(raw)):
                continue
            if len(raw) > LONGEST_ROW:
                yield Row(line, [], _("It is longer than %(most)s characters.") % {"most": LONGEST_ROW})
                continue
            yield _read(line, raw, separator, pending, lines)
    finally:
        # The file is the caller's to close.
        text.detach()


def _read(line: int, raw: str, separator: str, pending: list[tuple[int, str]], lines: Iterator[tuple[int, str]]) -> Row:
    """Read a row, with the lines after it if a quote is open at its end; `pending` gets those that were not needed."""
    cells = _split(raw, separator)
    joined, taken = raw, 0
    # An even number of quotes has none open.
    while cells is None and joined.count('"') % 2 and taken < MOST_LINES and len(joined) < LONGEST_ROW:
        if taken == len(pending):
            following = next(lines, None)
            if following is None:
                break
            pending.append(following)
        joined += "\n" + pending[taken][1]
        taken += 1
        cells = _split(joined, separator)
    if cells is None:
        fault = _("Its quotation marks do not match: a cell that begins with one must end with one.")
        return Row(line, [], fault)
    del pending[:taken]
    return Row(line, cells)


def _split(raw: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader((raw,), delimiter=separator, strict=True))
    except csv.Error:
        return None


def _number(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; one that is too long is cut, so that memory stays bounded."""
    number = 0
    while raw := text.readline(LONGEST_ROW + 2):
        number += 1
        if number == 1:
            raw = raw.removeprefix("\N{BOM}")
        while not raw.endswith("\n") and len(raw) > LONGEST_ROW:
            more = text.readline(LONGEST_ROW)
            if not more or more.endswith("\n"):
                break
        yield number, raw.removesuffix("\n")
