"""Tables in CSV as Google Forms, Microsoft Forms and spreadsheets export them: a row for each ballot.

What the columns mean is guessed from their headers and from the first rows, unless a `Layout` says it; the remarks of
the content tell what was understood. These are the forms:

| cells     | the table has                                                                                   |
|-----------|-------------------------------------------------------------------------------------------------|
| `ranks`   | a column for each option, as `Ana` or `Board [Ana]`, with its rank: `1`, `1st choice`, `Primera` |
| `scores`  | a column for each option with its score, or with a word that `Layout.words` gives a number      |
| `places`  | a column for each rank, as `1st choice` or `Board [1]`, with the name of an option              |
| `list`    | one column with names, the best first, as in `Ana;Bea;`                                         |
| `choices` | one column with names in no order, as in `Ana, Bea`                                             |
"""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence

from ..sentences import Sentence
from ..sentences import gettext_noop as _
from .content import (
    Ballots,
    Content,
    Kind,
    Marking,
    Pile,
    as_ranking,
    as_scores,
    read_name,
    read_once,
    read_score,
    read_weight,
    require_different,
    require_options,
)
from .ordinals import fold, read_rank
from .sentences import InvalidFile
from .table_layout import Cells, Layout, Plan, make_plan

DELIMITERS = ",;\t"
# Rows on which guesses are based.
SAMPLE = 200


def read(lines: Iterable[str], layout: Layout | None = None) -> Content:
    """Read a table; raises InvalidFile."""
    layout = layout or Layout()
    rows = _Rows(lines, layout.delimiter)
    plan = make_plan(rows.header, [row for _number, row in rows.sample], layout, rows.header_line)
    reader = _Reader(plan, layout, rows.header_line)
    last = read_once(rows.select(plan), reader.read, reader.pile)
    return reader.finish(last)


class _Rows:
    """The rows of a table, after a look at the first ones."""

    header: Sequence[str] = ()

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        lines = iter(lines)
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise InvalidFile(_("the file is empty"))
        delimiter = delimiter or max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one))))
        # The line ends are needed in texts of several lines.
        ended = (line + "\n" for line in itertools.chain([first], lines))
        self._reader = csv.reader(ended, delimiter=delimiter, strict=True)
        self.header = [" ".join(text.split()) for text in next(self._numbered())[1]]
        self.header_line = self._reader.line_num
        self.sample = list(itertools.islice(self._numbered(), SAMPLE))

    def select(self, plan: Plan) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the cells of each row that matter, with the number of its line; the weight comes last."""
        columns = plan.columns if plan.weight is None else (*plan.columns, plan.weight)
        for number, row in itertools.chain(self.sample, self._numbered()):
            yield number, tuple([row[column] for column in columns])

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        try:
            for row in self._reader:
                if not row:
                    continue
                if self.header and len(row) != len(self.header):
                    raise InvalidFile(
                        _("there are %(cells)s cells for %(columns)s columns: something is missing, or too much"),
                        self._reader.line_num,
                        cells=len(row),
                        columns=len(self.header),
                    )
                yield self._reader.line_num, row
        except csv.Error as error:
            raise InvalidFile(_("this is no CSV: %(error)s"), self._reader.line_num, error=error) from error


class _Reader:
    def __init__(self, plan: Plan, layout: Layout, line: int) -> None:
        self._plan = plan
        self._words = {fold(word): number for word, number in layout.words.items()}
        self._line = line
        self.pile = Pile()
        # Options by name, with their numbers.
        self._numbers: dict[str, int] = {}
        self._named_by_columns = plan.cells in (Cells.RANKS, Cells.SCORES)
        if self._named_by_columns:
            names = [read_name(label, line) for label in plan.labels]
            require_options(len(names), line)
            require_different(names, [line] * len(names))
            self._numbers = {name: number for number, name in enumerate(names)}
        # Columns of ranks may come in any order.
        self._by_rank = sorted(range(len(plan.labels)), key=lambda column: read_rank(plan.labels[column]) or 0)

    def read(self, cells: tuple[str, ...], line: int) -> list[Ballots]:
        """Return the ballot of a row."""
        weight = 1
        if self._plan.weight is not None:
            weight, cells = read_weight(cells[-1].strip(), line), cells[:-1]
        stripped = [cell.strip() for cell in cells]
        return [Ballots(self._read_marking(stripped, line), weight, line)]

    def _read_marking(self, cells: Sequence[str], line: int) -> Marking:
        match self._plan.cells:
            case Cells.SCORES:
                return as_scores(self._read_score(cell, line) if cell else None for cell in cells)
            case Cells.RANKS:
                return self._read_ranks(cells, line)
            case Cells.PLACES:
                return self._read_names([[cells[column]] for column in self._by_rank], line)
            case Cells.LIST:
                return self._read_names([[name] for name in cells[0].split(self._plan.separator)], line)
            case Cells.CHOICES:
                return self._read_names([cells[0].split(self._plan.separator)], line)

    def _read_score(self, cell: str, line: int) -> int:
        word = self._words.get(fold(cell))
        return read_score(cell, line) if word is None else word

    def _read_ranks(self, cells: Sequence[str], line: int) -> Marking:
        groups: list[list[int]] = [[] for _cell in cells]
        for option, cell in enumerate(cells):
            if not cell:
                continue
            word = self._words.get(fold(cell))
            rank = read_rank(cell) if word is None else word
            if rank is None:
                raise InvalidFile(_("%(cell)s is no rank"), line, cell=repr(cell[:40]))
            if not 1 <= rank <= len(cells):
                raise InvalidFile(
                    _("there is no rank %(rank)s: there are 1 to %(options)s"), line, rank=rank, options=len(cells)
                )
            groups[rank - 1].append(option)
        return as_ranking(groups)

    def _read_names(self, groups: Sequence[Sequence[str]], line: int) -> Marking:
        ranking = []
        seen: set[int] = set()
        for group in groups:
            options = [self._number(name, line) for name in group if name.strip()]
            for option, name in zip(options, filter(str.strip, group), strict=True):
                if option in seen:
                    raise InvalidFile(_("%(token)s is on the ballot twice"), line, token=name.strip())
                seen.add(option)
            ranking.append(options)
        return as_ranking(ranking)

    def _number(self, name: str, line: int) -> int:
        name = read_name(name, line)
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers)
            require_options(len(self._numbers), line)
        return self._numbers[name]

    def finish(self, last: int) -> Content:
        """Return what was read; raises InvalidFile if there is no option."""
        require_options(len(self._numbers), last or self._line)
        content = Content(
            names=tuple(self._numbers),
            kind=Kind.SCORES if self._plan.cells is Cells.SCORES else Kind.RANKINGS,
            ballots=self.pile.ballots,
            lines=self.pile.lines,
            remarks=(Sentence(_UNDERSTOOD[self._plan.cells], columns=", ".join(self._plan.labels)[:500]),),
        )
        if self._named_by_columns:
            return content
        # The order in which names come is chance, since rows can be in any order.
        return content.only(sorted(range(len(content.names)), key=content.names.__getitem__))


_UNDERSTOOD = {
    Cells.RANKS: _("Each of these columns is an option with its rank: %(columns)s."),
    Cells.SCORES: _("Each of these columns is an option with its score: %(columns)s."),
    Cells.PLACES: _("Each of these columns is a rank with the name of an option: %(columns)s."),
    Cells.LIST: _("The column “%(columns)s” has names of options, the best first."),
    Cells.CHOICES: _("The column “%(columns)s” has names of options in no order."),
}
