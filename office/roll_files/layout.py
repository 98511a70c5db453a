"""How a voter list is laid out: encoding, separator, line of titles, and what each column is."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .columns import Column, guess
from .encodings import Unreadable, find_encoding
from .lines import Row, read_rows

SEPARATORS = (",", ";", "\t")
# Rows on which guesses are based, and among which the titles are.
SAMPLE = 50
_TITLES_WITHIN = 10


@dataclass(frozen=True)
class Layout:
    """What must be known to read a list; `title_line` is 0 if there are no titles."""

    encoding: str
    separator: str
    title_line: int
    columns: tuple[Column | None, ...]
    titles: tuple[str, ...] = ()
    # The first rows, for a preview.
    sample: tuple[Row, ...] = field(default=(), compare=False)

    def check(self) -> None:
        """Raise ValidationError unless voters can be told apart by what is read."""
        named = [column for column in self.columns if column]
        for column, count in Counter(named).items():
            if count > 1:
                raise ValidationError(
                    _("Two columns are chosen as “%(column)s”. Choose one of them.") % {"column": column.label}
                )
        if not {Column.NAME, Column.SURNAME, Column.FIRST_NAME, Column.MEMBER_NUMBER} & set(named):
            raise ValidationError(_("Say which column has the names, or which has the member numbers."))


def recognise(file: BinaryIO, *, encoding: str = "") -> Layout:
    """Look at a list and say how it is laid out; raises Unreadable if it is none.

    A column whose title is not known, or that has none, is not read until somebody says what it is.
    """
    encoding = encoding or find_encoding(file)
    separator = _find_separator(file, encoding)
    rows = list(itertools.islice(read_rows(file, encoding, separator), SAMPLE))
    if not rows:
        raise Unreadable(_("The file has no rows."))
    titles = _find_titles(rows)
    data = [row for row in rows if titles is None or row.line > titles.line]
    columns = guess(titles.cells) if titles else _guess_without_titles(data)
    return Layout(
        encoding,
        separator,
        titles.line if titles else 0,
        columns,
        tuple(" ".join(title.split())[:100] for title in titles.cells) if titles else (),
        tuple(data[:5]),
    )


def _find_separator(file: BinaryIO, encoding: str) -> str:
    """Return the separator with which most rows have the same number of cells, and more than one."""

    def fitness(separator: str) -> tuple[int, int]:
        rows = [row for row in itertools.islice(read_rows(file, encoding, separator), SAMPLE) if any(row.cells)]
        sizes = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
        [(size, count)] = sizes.most_common(1) or [(1, 0)]
        return count, size

    return max(SEPARATORS, key=fitness)


def _find_titles(rows: Sequence[Row]) -> Row | None:
    """Return the first of the first rows that has a known title: alone in the first one, beside another below it."""
    for place, row in enumerate(rows[:_TITLES_WITHIN]):
        known = sum(column is not None for column in guess(row.cells))
        if known >= (1 if place == 0 else 2):
            return row
    return None


def _guess_without_titles(rows: Sequence[Row]) -> tuple[Column | None, ...]:
    size = max((len(row.cells) for row in rows), default=1)
    return (Column.NAME,) if size == 1 else (None,) * size
