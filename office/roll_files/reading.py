"""Read a whole voter list: its voters one by one, and a report of what is wrong, in bounded memory."""

import heapq
import io
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from django.utils.translation import gettext as _

from polls.labels import fold

from .layout import Layout
from .lines import Row, read_rows
from .records import Faulty, Record, read_record

# Problems and warnings that are listed; the rest is counted.
LISTED = 100
PROGRESS_EVERY = 1000

# Is told how many lines have been read, and which share of the file that is, from 0 to 1.
Progress = Callable[[int, float], None]


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """What is wrong with a line, and what to do."""

    line: int
    text: str


@dataclass
class Findings:
    """The first problems of a list, and how many there are."""

    count: int = 0
    first: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.count += 1
        if len(self.first) < LISTED:
            self.first.append(problem)


@dataclass
class Report:
    """What was found in a list; nothing of it may be kept if there are problems."""

    lines: int = 0
    voters: int = 0
    problems: Findings = field(default_factory=Findings)
    warnings: Findings = field(default_factory=Findings)


class Reading:
    """The voters of a list, to be iterated once; afterwards `report` is complete."""

    def __init__(self, file: BinaryIO, layout: Layout, progress: Progress | None = None) -> None:
        """Raise ValidationError if the layout says too little."""
        layout.check()
        self._file, self._layout = file, layout
        self._progress = progress or (lambda lines, share: None)
        self.report = Report()
        self._numbers, self._emails, self._names = Repeats(), Repeats(), Repeats()

    def __iter__(self) -> Iterator[Record]:
        size = max(self._file.seek(0, io.SEEK_END), 1)
        for row in read_rows(self._file, self._layout.encoding, self._layout.separator):
            self.report.lines = row.line
            if row.line % PROGRESS_EVERY == 0:
                self._progress(row.line, self._file.tell() / size)
            # Spreadsheets write rows that are empty but for separators.
            if row.line <= self._layout.title_line or not (row.fault or any(map(str.strip, row.cells))):
                continue
            if record := self._read(row):
                self.report.voters += 1
                yield record
        self._compare()
        self._progress(self.report.lines, 1.0)

    def _read(self, row: Row) -> Record | None:
        try:
            if row.fault:
                raise Faulty(row.fault)
            record = read_record(row.line, row.cells, self._layout.columns)
        except Faulty as fault:
            self.report.problems.add(Problem(row.line, str(fault)))
            return None
        if any("\n" in cell for cell in row.cells):
            # Two broken quotation marks do that too, and then a voter would be lost.
            text = _("A cell goes over several lines, so that they are one voter. Is that right?")
            self.report.warnings.add(Problem(row.line, text))
        if record.member_number:
            self._numbers.add(record.member_number.casefold(), row.line)
        if record.email:
            self._emails.add(record.email.casefold(), row.line)
        if record.name:
            self._names.add(fold(record.name), row.line)
        return record

    def _compare(self) -> None:
        """Add to the report what two lines have in common."""
        problems, warnings = self.report.problems, self.report.warnings
        for repeats, text in (
            (self._numbers, _("It has the same member number as line %(line)s. Correct or remove one of them.")),
            (self._emails, _("It has the same e-mail address as line %(line)s. Correct or remove one of them.")),
        ):
            _merge(problems, repeats, text)
        _merge(warnings, self._names, _("It has the same name as line %(line)s. Is it the same person?"))


class Repeats:
    """Finds keys that come twice; a key costs 12 bytes, since only its hash is kept.

    Of a million keys, two different ones have the same hash of 64 bits once in thirty million lists.
    """

    def __init__(self) -> None:
        # In parts, so that only one part at a time becomes a dictionary.
        self._parts = [(array("q"), array("I")) for _part in range(256)]

    def add(self, key: str, line: int) -> None:
        number = hash(key)
        hashes, lines = self._parts[number & 255]
        hashes.append(number)
        lines.append(line)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the lines of each repeated key: a later one, and the first."""
        for hashes, lines in self._parts:
            seen: dict[int, int] = {}
            for number, line in zip(hashes, lines, strict=True):
                first = seen.setdefault(number, line)
                if first != line:
                    yield line, first


def _merge(findings: Findings, repeats: Repeats, text: str) -> None:
    first = [(problem.line, problem.text) for problem in findings.first]

    def tell() -> Iterator[tuple[int, str]]:
        yield from first
        for line, earlier in repeats:
            findings.count += 1
            yield line, text % {"line": earlier}

    findings.first = [Problem(*found) for found in heapq.nsmallest(LISTED, tell())]
