import io
import itertools
import re
import tracemalloc

import pypdfium2
import pytest

from office.pdf.fonts import REGULAR
from office.pdf.lines import prepare
from office.pdf.paper import Paper
from office.pdf.streaming import StreamedCanvas


def write(file: io.BytesIO, pages: int) -> list[int]:
    """Write pages with a shared form, and return the size of the file after each."""
    canvas = StreamedCanvas(file, Paper.A4.size, title="Título – 標題", language="es")
    canvas.beginForm("face")
    prepare("the same on each", REGULAR, 12).draw(canvas, 50, 700)
    canvas.endForm()
    sizes = []
    for page in range(pages):
        canvas.doForm("face")
        prepare(f"página {page} Жук {chr(0x100 + page % 64)}", REGULAR, 12).draw(canvas, 50, 600)
        canvas.showPage()
        sizes.append(file.tell())
    canvas.save()
    return sizes


class TestStreamedCanvas:
    def test_makes_a_document_that_others_read(self) -> None:
        file = io.BytesIO()
        write(file, 70)
        document = pypdfium2.PdfDocument(file.getvalue())
        assert len(document) == 70
        assert document.get_metadata_value("Title") == "Título – 標題"
        texts = [page.get_textpage().get_text_bounded() for page in document]
        assert all("the same on each" in text and f"página {place} Жук" in text for place, text in enumerate(texts))

    @pytest.mark.parametrize("pages", [0, 1, 3])
    def test_says_where_each_object_is(self, pages: int) -> None:
        """Programs that do not mend a file find everything."""
        file = io.BytesIO()
        write(file, pages)
        content = file.getvalue()
        [start] = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", content)
        head, *entries = re.findall(rb"(?:\d{10} \d{5} [fn]) \n", content[int(start) :])
        assert head == b"0000000000 65535 f \n"
        assert content[int(start) :].startswith(b"xref\n0 %d\n" % (len(entries) + 1))
        for number, entry in enumerate(entries, 1):
            assert content[int(entry[:10]) :].startswith(b"%d 0 obj\n" % number)
        assert {int(number) for number in re.findall(rb"(\d+) 0 R", content)} <= set(range(1, len(entries) + 1))

    def test_writes_each_page_when_it_is_finished(self) -> None:
        sizes = write(io.BytesIO(), 20)
        assert all(later - earlier > 200 for earlier, later in itertools.pairwise(sizes))

    def test_keeps_no_page_in_memory(self) -> None:
        write(io.BytesIO(), 10)
        peaks = []
        for pages in (50, 1050):
            file = io.BytesIO()
            tracemalloc.start()
            write(file, pages)
            peaks.append(tracemalloc.get_traced_memory()[1] - len(file.getvalue()))
            tracemalloc.stop()
        assert peaks[1] - peaks[0] < 1000 * 300
