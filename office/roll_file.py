"""The voters of a list for an import: all of it is looked at first, so that what is wrong is told at once."""

from collections.abc import Iterator
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .roll_files.layout import recognise
from .roll_files.reading import Reading
from .roll_files.records import Record

# Problems that one message tells.
TOLD = 10


def read_roll_file(file: BinaryIO) -> Iterator[Record]:
    """Yield the voters of a list; raises ValidationError before the first one, if any line is wrong, and says which."""
    layout = recognise(file)
    check = Reading(file, layout)
    for _record in check:
        pass
    problems = check.report.problems
    if problems.count:
        told = [_("Line %(line)d: %(problem)s") % {"line": one.line, "problem": one.text} for one in problems.first]
        rest = problems.count - TOLD
        raise ValidationError(told[:TOLD] + ([_("And %(number)d more.") % {"number": rest}] if rest > 0 else []))
    yield from Reading(file, layout)
