"""What the columns of a table of ballots mean, as somebody says it or as headers and first rows show it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ..sentences import gettext_noop as _
from .content import Kind
from .ordinals import fold, read_rank
from .sentences import InvalidFile

Rows = Sequence[Sequence[str]]

# A row or a column of a grid: the question, and in brackets an option or a rank.
_GRID = re.compile(r"(.*\S)\s*\[([^\[\]]++)\]")
# Columns that forms add, in English and Spanish.
ADDED_BY_FORMS = {
    fold(header)
    for header in (
        "Timestamp", "Username", "Email", "Email Address", "Score", "Total points", "Quiz feedback", "ID", "Name",
        "Start time", "Completion time", "Last modified time", "Language",
        "Marca temporal", "Nombre de usuario", "Correo electrónico", "Dirección de correo electrónico", "Puntuación",
        "Nombre", "Hora de inicio", "Hora de finalización", "Hora de la última modificación", "Idioma",
    )
}  # fmt: skip


class Cells(StrEnum):
    """What stands in the cells of a table; `tables` describes the forms."""

    RANKS = "ranks"
    SCORES = "scores"
    PLACES = "places"
    LIST = "list"
    CHOICES = "choices"


@dataclass(frozen=True)
class Layout:
    """What somebody says of a table; what is left empty is guessed.

    `columns` are headers, or the question of a grid. `words` gives words in cells a number. `weight` is the header of
    the column that says how many equal ballots a row is. `prefers` is what numbers are where both would be possible.
    """

    columns: tuple[str, ...] = ()
    cells: Cells | None = None
    words: Mapping[str, int] = field(default_factory=dict)
    weight: str = ""
    delimiter: str = ""
    prefers: Kind = Kind.RANKINGS


@dataclass(frozen=True)
class Plan:
    """Which columns are read, what is in their cells, what each column stands for, and the column of the weight."""

    columns: tuple[int, ...]
    labels: tuple[str, ...]
    cells: Cells
    weight: int | None = None
    separator: str = ";"


def make_plan(header: Sequence[str], rows: Rows, layout: Layout, line: int) -> Plan:
    """Decide how a table is read; `rows` are the first ones. Raises InvalidFile where that cannot be known."""
    weight = _find(header, layout.weight, line) if layout.weight else None
    columns = tuple(column for column in _choose_columns(header, rows, layout, line) if column != weight)
    labels = tuple(_split_grid(header[column])[1] or header[column] for column in columns)
    filled = [[cell for row in rows if (cell := row[column].strip())] for column in columns]
    cells = layout.cells or _guess_cells(labels, filled, layout)
    if cells in (Cells.LIST, Cells.CHOICES) and len(columns) > 1:
        raise InvalidFile(
            _("names are in one column; choose it with --column: %(columns)s"), line, columns=_join(labels)
        )
    separator = ";"
    if cells in (Cells.LIST, Cells.CHOICES) and not any(";" in cell for column in filled for cell in column):
        separator = ","
        # Forms list choices that have no order like this.
        cells = layout.cells or (Cells.CHOICES if any("," in cell for column in filled for cell in column) else cells)
    return Plan(columns, labels, cells, weight, separator)


def _guess_cells(labels: Sequence[str], filled: Rows, layout: Layout) -> Cells:
    ranks = [read_rank(label) for label in labels]
    if None not in ranks and len(set(ranks)) == len(ranks):
        return Cells.PLACES
    if len(labels) == 1 and not _is_numeric(filled[0], layout):
        return Cells.LIST
    every = (cell for cells in filled for cell in cells if fold(cell) not in _words(layout))
    if any(read_rank(cell) and not cell.isdecimal() for cell in every):
        return Cells.RANKS
    return Cells.SCORES if layout.prefers is Kind.SCORES or layout.words else Cells.RANKS


def _choose_columns(header: Sequence[str], rows: Rows, layout: Layout, line: int) -> Iterable[int]:
    questions = [_split_grid(text)[0] for text in header]
    if layout.columns:
        for wanted in layout.columns:
            grid = [column for column, question in enumerate(questions) if question and fold(question) == fold(wanted)]
            yield from grid or [_find(header, wanted, line)]
        return
    grids = dict.fromkeys(filter(None, questions))
    if len(grids) > 1:
        raise InvalidFile(
            _("there are several questions; choose one with --column: %(columns)s"), line, columns=_join(grids)
        )
    own = [column for column, text in enumerate(header) if text and fold(text) not in ADDED_BY_FORMS]
    in_grid = [column for column in own if questions[column]]
    of_ranks = [column for column in own if read_rank(header[column]) is not None]
    numeric = [column for column in own if _is_numeric([row[column] for row in rows], layout)]
    if found := in_grid or of_ranks or (numeric if len(numeric) > 1 else []):
        yield from found
        return
    if len(own) != 1:
        raise InvalidFile(
            _("it is not clear which columns have the ballots; choose with --column: %(columns)s"),
            line,
            columns=_join(header[column] for column in own),
        )
    yield from own


def _split_grid(text: str) -> tuple[str, str]:
    """Return the question of a grid and what stands in brackets; two empty texts for another header."""
    match = _GRID.fullmatch(text)
    return (match[1], match[2].strip()) if match else ("", "")


def _is_numeric(cells: Sequence[str], layout: Layout) -> bool:
    """Tell whether most cells that are not empty are ranks or scores; what is wrong is then told with its line."""
    filled = [cell for cell in map(str.strip, cells) if cell]
    fitting = [cell for cell in filled if read_rank(cell) is not None or fold(cell) in _words(layout)]
    return bool(fitting) and 2 * len(fitting) >= len(filled)


def _words(layout: Layout) -> set[str]:
    return {fold(word) for word in layout.words}


def _find(header: Sequence[str], wanted: str, line: int) -> int:
    found = [column for column, text in enumerate(header) if fold(text) == fold(wanted)]
    if len(found) != 1:
        raise InvalidFile(
            _("there is no column %(wanted)s, or more than one: there are %(columns)s"),
            line,
            wanted=wanted,
            columns=_join(header),
        )
    return found[0]


def _join(texts: Iterable[str]) -> str:
    joined = ", ".join(f"“{text}”" for text in texts)
    return joined if len(joined) <= 500 else f"{joined[:500]} …"
