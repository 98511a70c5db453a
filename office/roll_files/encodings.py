"""Which encoding a text file has."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# By the name that Python has for it, the name that people know.
NAMES = {"utf-8-sig": "UTF-8", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE", "cp1252": "Windows-1252 (Latin-1)"}
_BLOCK = 1 << 20
_SAMPLE = 4096
# Zipped and old workbooks.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ABOVE_ASCII = re.compile(rb"[\x80-\xff]+")


class Unreadable(ValidationError):
    """A file is no list that can be read; the message says why and what to do."""


@dataclass
class _Census:
    """How the bytes above ASCII look: as UTF-8, or not; and the line of the first that does not."""

    well_formed: int = 0
    broken: int = 0
    first_broken: int = 0


def find_encoding(file: BinaryIO) -> str:
    """Return a key of `NAMES`; raises Unreadable. The whole file is read, in blocks."""
    file.seek(0)
    start = file.read(_SAMPLE)
    if not start.strip(codecs.BOM_UTF8):
        raise Unreadable(_("The file is empty."))
    if start.startswith(_WORKBOOKS):
        raise Unreadable(_("This is a workbook and not CSV. Open it in your spreadsheet, and save the sheet as CSV."))
    utf_16 = _find_utf_16(start)
    if utf_16:
        return utf_16
    census = _take_census(file)
    if not census.broken:
        return "utf-8-sig"
    if census.well_formed >= census.broken or start.startswith(codecs.BOM_UTF8):
        raise Unreadable(
            _(
                "The file is UTF-8, but line %(line)s has bytes that are not. Save the list again from your "
                "spreadsheet as “CSV UTF-8”."
            )
            % {"line": census.first_broken}
        )
    _require_windows_1252(file)
    return "cp1252"


def _find_utf_16(start: bytes) -> str | None:
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if start.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    # Without a byte order mark: every second byte of a list in a Western language is zero.
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 4 < len(start) or min(even, odd) * 4 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _take_census(file: BinaryIO) -> _Census:
    census = _Census()
    file.seek(0)
    line = 1
    rest = b""
    while block := file.read(_BLOCK):
        block = rest + block
        # A character may go on in the next block; none has more than four bytes.
        cut = _end_of_characters(block)
        block, rest = block[:cut], block[cut:]
        _count(block, line, census)
        line += _count_lines(block)
    _count(rest, line, census)
    return census


def _end_of_characters(block: bytes) -> int:
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            return len(block) - back
    return len(block)


def _count(block: bytes, line: int, census: _Census) -> None:
    if b"\0" in block:
        raise Unreadable(_("The file is no text. Save the list as CSV from your spreadsheet."))
    if block.isascii():
        return
    for run in _ABOVE_ASCII.finditer(block):
        try:
            run[0].decode()
            census.well_formed += 1
        except UnicodeDecodeError:
            census.broken += 1
            census.first_broken = census.first_broken or line + _count_lines(block[: run.start()])


def _count_lines(block: bytes) -> int:
    return block.count(b"\n") or block.count(b"\r")


def _require_windows_1252(file: BinaryIO) -> None:
    file.seek(0)
    while block := file.read(_BLOCK):
        try:
            block.decode("cp1252")
        except UnicodeDecodeError as error:
            raise Unreadable(
                _("The file is in no encoding that is known here. Save it again as “CSV UTF-8”.")
            ) from error
