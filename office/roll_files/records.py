"""One voter from one row, with everything that can be wrong with it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from pages.spreadsheet_cells import read_cell
from polls.labels import tidy
from polls.models import LONGEST_SUBJECT

from .columns import Column

# Characters.
LONGEST = {
    Column.NAME: 200, Column.FIRST_NAME: 100, Column.SURNAME: 100, Column.GROUP: 100, Column.EMAIL: 254,
    Column.MEMBER_NUMBER: 50, Column.SUBJECT: LONGEST_SUBJECT,
}  # fmt: skip
MOST_GROUPS = 20
HEAVIEST = 1_000_000
_WHOLE = re.compile(r"[0-9]{1,20}")
_BETWEEN_GROUPS = re.compile(r"[;|]")
# Marks that turn the direction of text, which address books put around what is copied from them.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Record:
    """A voter of a list; `line` is where it stands."""

    line: int
    name: str = ""
    groups: tuple[str, ...] = ()
    weight: int = 1
    email: str = ""
    member_number: str = ""
    subject: str = ""


class Faulty(Exception):
    """A row is no voter; the argument says why and what to do, in one sentence or two."""


def read_record(line: int, cells: Sequence[str], columns: Sequence[Column | None]) -> Record:
    """Return the voter in a row; raises Faulty."""
    _check_size(cells, columns)
    found = {column: _clean(column, cell) for column, cell in zip(columns, cells, strict=False) if column}
    name = found.get(Column.NAME, "")
    if not name:
        parts = (found.get(Column.FIRST_NAME, ""), found.get(Column.SURNAME, ""))
        name = " ".join(part for part in parts if part)
    number = found.get(Column.MEMBER_NUMBER, "")
    if not name and not number:
        raise Faulty(_("There is neither a name nor a member number. Add one of them, or remove the line."))
    return Record(
        line,
        name,
        _read_groups(found.get(Column.GROUP, "")),
        _read_weight(found.get(Column.WEIGHT, "")),
        _read_email(found.get(Column.EMAIL, "")),
        number,
        found.get(Column.SUBJECT, ""),
    )


def _check_size(cells: Sequence[str], columns: Sequence[Column | None]) -> None:
    size = len(columns)
    if any(cell.strip() for cell in cells[size:]):
        raise Faulty(
            _("There are %(cells)s cells for %(columns)s columns. Put quotation marks around a cell with a separator.")
            % {"cells": len(cells), "columns": size}
        )
    if any(columns[len(cells) :]):
        raise Faulty(
            _("There are %(cells)s cells for %(columns)s columns. Add the separators that are missing.")
            % {"cells": len(cells), "columns": size}
        )


def _clean(column: Column, cell: str) -> str:
    """Return the text of a cell; raises Faulty."""
    text = cell
    if not (cell.isascii() and cell.isprintable()):
        if "\n" in cell:
            # Two broken quotation marks may have made one cell of several lines, and so of several voters.
            raise Faulty(_("The %(column)s goes over several lines. Write it in one line.") % {"column": column.label})
        text = _DIRECTION.sub("", cell)
        if any(unicodedata.category(char) == "Cc" and char != "\t" for char in text):
            raise Faulty(
                _("The %(column)s has characters that cannot be shown. Type it again.") % {"column": column.label}
            )
        if "\N{REPLACEMENT CHARACTER}" in text:
            raise Faulty(
                _("The %(column)s has characters that cannot be read. Save the list again as “CSV UTF-8”.")
                % {"column": column.label}
            )
    text = read_cell(tidy(text))
    if column not in (Column.WEIGHT, Column.GROUP):
        _check_length(column, text)
    return text


def _check_length(column: Column, text: str) -> None:
    if len(text) > LONGEST[column]:
        raise Faulty(
            _("The %(column)s has %(length)s characters; it may have %(most)s. Shorten it.")
            % {"column": column.label, "length": len(text), "most": LONGEST[column]}
        )


def _read_groups(cell: str) -> tuple[str, ...]:
    groups = tuple(dict.fromkeys(group for part in _BETWEEN_GROUPS.split(cell) if (group := part.strip())))
    if len(groups) > MOST_GROUPS:
        raise Faulty(
            _("There are %(groups)s groups in the cell; a voter may be in %(most)s.")
            % {"groups": len(groups), "most": MOST_GROUPS}
        )
    for group in groups:
        _check_length(Column.GROUP, group)
    return groups


def _read_weight(cell: str) -> int:
    if not cell:
        return 1
    if not _WHOLE.fullmatch(cell) or not 1 <= int(cell) <= HEAVIEST:
        raise Faulty(
            _("The weight is %(weight)s; it must be a whole number from 1 to %(most)s, without separators.")
            % {"weight": f"“{cell[:40]}”", "most": HEAVIEST}
        )
    return int(cell)


def _read_email(cell: str) -> str:
    if not cell:
        return ""
    try:
        validate_email(cell)
    except ValidationError:
        raise Faulty(
            _("“%(address)s” is no e-mail address. Correct it, or leave the cell empty.") % {"address": cell[:100]}
        ) from None
    return cell
