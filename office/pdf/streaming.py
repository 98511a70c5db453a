"""A canvas that writes each page when it is finished, so that memory does not grow with the number of pages.

ReportLab keeps all pages until the end, uncompressed; it offers nothing else. A PDF may have its objects in any order,
so this canvas writes a page and forgets it; fonts, whose characters are not known before, come last.
"""

from array import array
from typing import Any, BinaryIO

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from . import fonts

# Pages as text of seven bits are for the mail of the last century.
rl_config.useA85 = 0


class StreamedCanvas(Canvas):
    """A canvas over a file to which pages are written one by one; `save` ends it."""

    def __init__(self, file: BinaryIO, pagesize: tuple[float, float], *, title: str, language: str) -> None:
        fonts.register()
        super().__init__(file, pagesize=pagesize, pageCompression=1, lang=language)
        self._doc = _Document(file, language)
        self.setTitle(title)
        self.setCreator("Urna")

    def showPage(self) -> None:
        """End a page, and write it."""
        super().showPage()
        self._doc.write_finished()


class _Document(pdfdoc.PDFDocument):
    def __init__(self, file: BinaryIO, language: str) -> None:
        super().__init__(compression=1, pdfVersion=(1, 7), lang=language)
        self.Pages = self.Catalog.Pages = _Pages()
        self._file = file
        # By the number of the object, from 1 on: where it begins in the file.
        self._offsets = array("Q")
        self._position = 0
        self._write(b"%PDF-1.7\n%\xc3\xa4\xc3\xbc\n")

    def write_finished(self) -> None:
        """Write the page that was added last, with what only it refers to, and forget it."""
        page = self.Pages.unwritten
        if page is None:
            return
        name = page.__InternalName__
        self.Pages.add_written(self.idToObjectNumberAndVersion[name][0])
        before = self.objectcounter
        self._write_object(name)
        self._forget(name)
        # Formatting a page makes the stream of its content.
        for number in range(before + 1, self.objectcounter + 1):
            name = self.numberToId[number]
            if isinstance(self.idToObject[name], pdfdoc.PDFStream):
                self._write_object(name)
                self._forget(name)

    def format(self) -> bytes:
        """Write all that is left, and the table of objects; nothing remains for the caller to write."""
        root, info = self.Reference(self.Catalog), self.Reference(self.info)
        # Formatting an object may make further ones.
        number = 0
        while (number := number + 1) <= self.objectcounter:
            if number in self.numberToId:
                self._write_object(self.numberToId[number])
        start = self._position
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % (self.objectcounter + 1))
        for offset in self._offsets:
            self._write(b"%010d 00000 n \n" % offset)
        trailer = pdfdoc.PDFTrailer(startxref=start, Size=self.objectcounter + 1, Root=root, Info=info, ID=self.ID())
        self._write(trailer.format(self))
        return b""

    def _write_object(self, name: str) -> None:
        number, _version = self.idToObjectNumberAndVersion[name]
        self._offsets.extend([0] * (number - len(self._offsets)))
        content = pdfdoc.PDFIndirectObject(name, self.idToObject[name]).format(self)
        self._offsets.extend([0] * (number - len(self._offsets)))
        self._offsets[number - 1] = self._position
        self._write(content)

    def _forget(self, name: str) -> None:
        """Drop a written object that nothing refers to by its name any more."""
        number, _version = self.idToObjectNumberAndVersion.pop(name)
        del self.idToObject[name], self.numberToId[number]

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._position += len(content)


class _Pages(pdfdoc.PDFPages):
    """The page tree: of written pages it keeps the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.unwritten: Any = None
        self._numbers = array("Q")

    def addPage(self, page: Any) -> None:
        self.unwritten = page

    def add_written(self, number: int) -> None:
        self._numbers.append(number)
        self.unwritten = None

    def format(self, document: pdfdoc.PDFDocument, IND: bytes = b"") -> bytes:
        kids = b"\n".join(b"%d 0 R" % number for number in self._numbers)
        return b"<< /Type /Pages /Count %d /Kids [\n%s\n] >>" % (len(self._numbers), kids)
