"""A voter list on its way through the browser: as it was uploaded, and as a page carries it to the next step.

Nothing of it is kept on the server between the two steps. The page with the preview has the list in a hidden field,
compressed, and sends it back; it is read and checked anew then.
"""

import base64
import binascii
import io
import zlib
from dataclasses import dataclass, replace
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .roll_files.columns import Column
from .roll_files.encodings import NAMES
from .roll_files.layout import Layout, recognise
from .roll_files.reading import Reading, Report

# Bytes of a file: the server takes no request that is much larger. 14,000 voters with six columns fit.
LARGEST_LIST = 1_000_000
# Characters of the hidden field, which is a part of a form that may have 256 KiB.
LONGEST_CARRIED = 250_000
MOST_COLUMNS = 40
SEPARATOR_NAMES = {",": gettext_lazy("comma"), ";": gettext_lazy("semicolon"), "\t": gettext_lazy("tab")}


@dataclass(frozen=True)
class Looked:
    """What was found in a list; if its columns are not enough to read it, `problem` says why, and nothing was read."""

    file: BinaryIO
    layout: Layout
    report: Report
    problem: str = ""

    @property
    def encoding(self) -> str:
        return NAMES[self.layout.encoding]

    @property
    def separator(self) -> str:
        return str(SEPARATOR_NAMES[self.layout.separator])

    @property
    def may_be_imported(self) -> bool:
        return not self.problem and not self.report.problems.count and self.report.voters > 0

    def reading(self) -> Reading:
        """Return the voters, to be iterated once."""
        return Reading(self.file, self.layout)


def too_large() -> str:
    """Say what to do with a list that is too large for a page."""
    return _(
        "The list is too large for this page, which takes up to 1 MB, about 10,000 voters. Nothing was imported. "
        "Whoever runs this server can import larger ones: ./urna manage import_roll."
    )


def look_at(file: BinaryIO, columns: tuple[Column | None, ...] | None = None, *, look: bool = True) -> Looked:
    """Read a list as a whole, with other columns than those guessed, if given; raises ValidationError if it is none.

    Without `look` only its beginning is read, by which it is laid out.
    """
    layout = recognise(file)
    if len(layout.columns) > MOST_COLUMNS:
        text = _("The list has %(columns)d columns; it may have %(most)d. Remove those that are not needed.")
        raise ValidationError(text % {"columns": len(layout.columns), "most": MOST_COLUMNS})
    if columns is not None and len(columns) == len(layout.columns):
        layout = replace(layout, columns=columns)
    try:
        reading = Reading(file, layout)
    except ValidationError as problem:
        return Looked(file, layout, Report(), " ".join(problem.messages))
    if look:
        for _record in reading:
            pass
    return Looked(file, layout, reading.report)


def carry(file: BinaryIO) -> str:
    """Return a list as a hidden field carries it; raises ValidationError if it is too large for one."""
    file.seek(0)
    carried = base64.b64encode(zlib.compress(file.read(), 9)).decode()
    if len(carried) > LONGEST_CARRIED:
        raise ValidationError(too_large())
    return carried


def unpack(carried: str) -> BinaryIO:
    """Return the list that a hidden field has carried; raises ValidationError for anything else."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(base64.b64decode(carried, validate=True), LARGEST_LIST)
    except (ValueError, binascii.Error, zlib.error):
        content = b""
    if not content or not inflater.eof:
        raise ValidationError(_("Nothing was imported: the page did not send the whole list. Choose the file again."))
    return io.BytesIO(content)
