"""Lines of text from blocks of bytes, whatever their encoding and their line ends."""

import codecs
from collections.abc import Iterable, Iterator

from ..sentences import gettext_noop as _
from .sentences import InvalidFile

LONGEST_LINE = 1_000_000
# What begins like this is a file of another program, which people take for text.
MAGIC = {
    b"PK\x03\x04": _("this is a workbook or another archive: save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": _("this is a workbook: save the sheet as CSV"),
    b"%PDF": _("this is a PDF, and no file of ballots"),
    b"\x1f\x8b": _("this is compressed: unpack it first"),
}
NO_TEXT = _("this is no text in UTF-8, in UTF-16 with a byte order mark, or in Latin-1")


class TextLines:
    """The lines of a file, to be read once; `encoding` names the encoding that was found.

    Text is UTF-8, or UTF-16 if a byte order mark says so. A line that is no UTF-8 is read as Windows-1252, which
    Latin-1 is a part of. Iterating raises InvalidFile.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.encoding = "UTF-8"

    def __iter__(self) -> Iterator[str]:
        number = 0
        rest = b""
        for block in self._as_utf8():
            lines = (rest + block).splitlines(keepends=True)
            # The last line may go on in the next block; a carriage return may be the first half of a line end.
            rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
            if len(rest) > LONGEST_LINE:
                raise InvalidFile(
                    _("the line is longer than %(most)s characters"),
                    number + len(lines) + 1,
                    most=LONGEST_LINE,
                )
            for line in lines:
                number += 1
                yield self._decode(line, number)
        # With single carriage returns as line ends the rest is one line.
        if rest:
            yield self._decode(rest, number + 1)

    def _as_utf8(self) -> Iterator[bytes]:
        """Return the blocks without byte order marks, UTF-16 as UTF-8."""
        first = b""
        for block in self._blocks:
            first += block
            if len(first) >= 4:
                break
        for magic, reason in MAGIC.items():
            if first.startswith(magic):
                raise InvalidFile(reason)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.encoding = "UTF-16"
            yield from self._from_utf16(first)
            return
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from self._blocks

    def _from_utf16(self, first: bytes) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-16")()
        try:
            yield decoder.decode(first).encode()
            for block in self._blocks:
                yield decoder.decode(block).encode()
            yield decoder.decode(b"", final=True).encode()
        except UnicodeError as error:
            raise InvalidFile(NO_TEXT) from error

    def _decode(self, line: bytes, number: int) -> str:
        if b"\0" in line:
            raise InvalidFile(NO_TEXT, number)
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.encoding = "Latin-1"
            try:
                text = line.decode("cp1252")
            except UnicodeDecodeError:
                text = line.decode("latin-1")
        return text.rstrip("\r\n")
