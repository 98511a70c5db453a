"""Tables for a terminal: in columns of equal width, and in several parts where they are too wide for it."""

import unicodedata
from collections.abc import Iterator, Sequence

_SPACE = 2
# Characters of the first column, which has names.
_LONGEST = 32


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the lines of a table; the first column stands left, the others right. `head` is that of all columns."""
    rows = [[_cut(row[0]), *row[1:]] for row in rows]
    widths = [max(map(measure, column)) for column in zip(head, *rows, strict=True)]
    first = 1
    while first < len(head):
        last = first + 1
        while last < len(head) and widths[0] + sum(_SPACE + one for one in widths[first : last + 1]) <= width:
            last += 1
        if first > 1:
            yield ""
        for row in (head, *rows):
            cells = [_pad(row[column], widths[column]) for column in range(first, last)]
            yield (row[0] + " " * (widths[0] - measure(row[0])) + "".join(cells)).rstrip()
        first = last


def measure(text: str) -> int:
    """Return how many places a text takes on a terminal."""
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _pad(cell: str, width: int) -> str:
    return " " * (_SPACE + width - measure(cell)) + cell


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
