"""Voters from a CSV file with the columns name, group, weight, e-mail and member number."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

COLUMNS = ("name", "group", "weight", "e-mail", "member number")
HEAVIEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """A voter of a list; `line` is where it stands."""

    line: int
    name: str = ""
    groups: tuple[str, ...] = ()
    weight: int = 1
    email: str = ""
    member_number: str = ""


def read_roll_file(path: Path) -> Iterator[Record]:
    """Yield the voters of a file in UTF-8; raises ValidationError, which names the line, for one that is wrong."""
    numbers: dict[str, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if unknown := [name for name in rows.fieldnames or [""] if name.strip().lower() not in COLUMNS]:
            raise ValidationError(
                _("The column “%(name)s” is not known. Known are: %(known)s.")
                % {"name": unknown[0], "known": ", ".join(COLUMNS)}
            )
        for row in rows:
            try:
                record = _read(rows.line_num, row)
                number = record.member_number
                if number and (first := numbers.setdefault(number, rows.line_num)) != rows.line_num:
                    raise ValidationError(_("The member number stands in line %(line)d already.") % {"line": first})
            except ValidationError as problem:
                text = _("Line %(line)d: %(problem)s")
                raise ValidationError(
                    text % {"line": rows.line_num, "problem": " ".join(problem.messages)}
                ) from problem
            yield record


def _read(line: int, row: dict[str | None, str | None]) -> Record:
    if None in row or None in row.values():
        raise ValidationError(_("The line has more or fewer cells than the first one."))
    cells = {str(name).strip().lower(): str(cell).strip() for name, cell in row.items()}
    if any(len(cell) > 1000 or "\0" in cell for cell in cells.values()):
        raise ValidationError(_("A cell is too long, or holds what is no text."))
    weight = cells.get("weight") or "1"
    if not weight.isascii() or not weight.isdecimal() or not 1 <= int(weight[:12]) <= HEAVIEST:
        raise ValidationError(
            _("The weight “%(weight)s” is no whole number from 1 to %(most)d.") % {"weight": weight, "most": HEAVIEST}
        )
    if email := cells.get("e-mail", ""):
        validate_email(email)
    name, number = cells.get("name", ""), cells.get("member number", "")
    if not name and not number:
        raise ValidationError(_("There is neither a name nor a member number. Add one of them, or remove the line."))
    if len(name) > 200 or len(number) > 60:
        raise ValidationError(_("The name or the member number is too long. Shorten it."))
    groups = tuple(part.strip() for part in cells.get("group", "").replace("|", ";").split(";") if part.strip())
    return Record(line, name, groups, int(weight), email, number)
