"""Voting cards as their holders get them: pages are rendered, codes read by a decoder, and texts read back."""

import csv
import datetime as dt
import io
import itertools
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import BinaryIO

import pypdfium2
import pytest
import zxingcpp
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.Image import Image
from reportlab.lib.units import mm

from office.cards.card import LISTED, Card, Notice, Printed
from office.cards.letters import FOLDS, print_letters
from office.cards.mail_merge import write_table
from office.cards.sheets import PER_SHEET, print_sheets
from office.pdf.paper import Paper

pytestmark = pytest.mark.large

NOTICE = Notice(
    title="Election of the board 2026",
    address="https://vote.example/board-2026/",
    questions=("President", "Two members of the board"),
    closes_at=dt.datetime(2026, 12, 6, 19, tzinfo=dt.UTC),
    zone=zoneinfo.ZoneInfo("Europe/Madrid"),
    organisation="Amigos del Museo",
)
Print = Callable[[BinaryIO, Notice, Iterable[Card], Paper], Printed]

each_kind = pytest.mark.parametrize("printer", [print_sheets, print_letters])
each_paper = pytest.mark.parametrize("paper", list(Paper))


def make_cards(number: int, name: str = "Voter") -> list[Card]:
    return [Card(f"7K3M-P2QX-{place:04}-TVWX-9Z", f"{name} {place}") for place in range(number)]


def print_cards(
    printer: Print, cards: Iterable[Card], *, notice: Notice = NOTICE, paper: Paper = Paper.A4
) -> tuple[pypdfium2.PdfDocument, Printed]:
    file = io.BytesIO()
    printed = printer(file, notice, cards, paper)
    return pypdfium2.PdfDocument(file.getvalue()), printed


def render(page: pypdfium2.PdfPage) -> Image:
    """Render a page as a printer for offices would, in shades of grey."""
    return page.render(scale=200 / 72).to_pil().convert("L")


def text_of(document: pypdfium2.PdfDocument) -> str:
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    return " ".join(text.split())


@each_paper
@each_kind
class TestCards:
    def test_open_the_ballot_when_they_are_scanned(self, printer: Print, paper: Paper) -> None:
        cards = make_cards(23)
        document, printed = print_cards(printer, cards, paper=paper)
        assert printed.cards == 23
        assert len(document) == (23 if printer is print_letters else 3)
        found = [code.text for page in document for code in zxingcpp.read_barcodes(render(page))]
        assert sorted(found) == [f"https://vote.example/board-2026/#{card.code}" for card in cards]

    def test_say_what_has_to_be_known(self, printer: Print, paper: Paper) -> None:
        [card] = make_cards(1)
        document, _printed = print_cards(printer, [card], paper=paper)
        text = text_of(document)
        for part in (card.code, card.name, NOTICE.title, NOTICE.organisation, *NOTICE.questions):
            assert part in text
        assert "vote.example/board-2026" in text
        assert "https" not in text
        assert "Vote until Sunday 6 December 2026, 20:00 Europe/Madrid (CET)." in text
        assert "Keep the code secret" in text

    def test_have_the_size_of_the_paper_and_leave_the_edge_that_printers_cannot_reach(
        self, printer: Print, paper: Paper
    ) -> None:
        document, _printed = print_cards(printer, make_cards(PER_SHEET), paper=paper)
        assert document[0].get_size() == pytest.approx(paper.size, abs=0.1)
        image = render(document[0])
        box = image.point(lambda shade: 255 * (shade < 128)).getbbox()
        assert box
        edge = 3 / 25.4 * 200
        assert min(box[0], box[1], image.width - box[2], image.height - box[3]) >= edge

    def test_stay_in_their_place_whatever_is_written_on_them(self, printer: Print, paper: Paper) -> None:
        """Nothing that is long covers the code, and no question is left out without a word."""
        notice = replace(
            NOTICE,
            title="Wahl " * 40,
            organisation="W" * 200,
            questions=tuple(f"Question {place} " + "of many words " * 20 for place in range(40)),
            address="https://a-very-long-name-of-a-server.association.example/" + "a" * 60 + "/",
            zone=zoneinfo.ZoneInfo("America/Argentina/ComodRivadavia"),
        )
        cards = [Card(card.code, "Maximiliana " * 17) for card in make_cards(PER_SHEET)]
        document, _printed = print_cards(printer, cards, notice=notice, paper=paper)
        found = [code.text for page in document for code in zxingcpp.read_barcodes(render(page))]
        assert sorted(found) == sorted(map(notice.link, cards))
        text = text_of(document)
        assert "more" in text
        assert all(card.code in text for card in cards)
        assert notice.typed_address in text.replace(" ", "")


@each_kind
class TestPrinted:
    def test_names_whom_the_fonts_cannot_write(self, printer: Print) -> None:
        cards = [Card("A-1", "Ana"), Card("A-2", "王小明"), Card("A-3", "Нина"), Card("A-4", "Bea 😀"), Card("A-5")]
        document, printed = print_cards(printer, cards)
        assert (printed.cards, printed.nameless) == (5, 2)
        assert printed.first_nameless == ((2, "王小明"), (4, "Bea 😀"))
        text = text_of(document)
        assert "Card 2" in text
        assert "Card 4" in text
        assert "Нина" in text
        assert "Bea" not in text

    def test_lists_a_hundred_of_them(self, printer: Print) -> None:
        _document, printed = print_cards(printer, make_cards(150, "王"))
        assert (printed.nameless, len(printed.first_nameless)) == (150, LISTED)

    @pytest.mark.parametrize("part", ["title", "organisation"])
    def test_is_refused_if_the_election_itself_cannot_be_written(self, printer: Print, part: str) -> None:
        file = io.BytesIO()
        with pytest.raises(ValidationError, match="“理事選挙” cannot be printed: the fonts have no 理 事 選 挙"):
            printer(file, replace(NOTICE, **{part: "理事選挙"}), make_cards(1), Paper.A4)
        assert file.getvalue() == b""

    def test_is_refused_if_the_address_is_too_long_to_be_typed(self, printer: Print) -> None:
        with pytest.raises(ValidationError, match="too long for a card"):
            printer(io.BytesIO(), replace(NOTICE, address=f"https://{'a' * 150}.example/x/"), [], Paper.A4)

    def test_is_a_document_without_cards_too(self, printer: Print) -> None:
        file = io.BytesIO()
        assert printer(file, NOTICE, [], Paper.A4).cards == 0
        assert file.getvalue().endswith(b"%%EOF\n")

    def test_says_that_the_end_is_open(self, printer: Print) -> None:
        document, _printed = print_cards(printer, make_cards(1), notice=replace(NOTICE, closes_at=None))
        assert "Vote until the election is closed." in text_of(document)

    def test_speaks_spanish(self, printer: Print) -> None:
        with translation.override("es"):
            document, _printed = print_cards(printer, make_cards(1))
        text = text_of(document)
        assert "domingo 6 de diciembre de 2026, 20:00 Europe/Madrid" in text
        assert "Vote until" not in text
        assert "secret:" not in text

    def test_is_written_while_cards_come(self, printer: Print) -> None:
        """So that a hundred thousand cards need no more memory than a hundred."""
        file = io.BytesIO()
        sizes = []

        def come() -> Iterable[Card]:
            for card in make_cards(60):
                sizes.append(file.tell())
                yield card

        printer(file, NOTICE, come(), Paper.A4)
        grown = [later for earlier, later in itertools.pairwise(sizes) if later > earlier]
        assert len(grown) == (59 if printer is print_letters else 5)

    @settings(max_examples=30)
    @given(st.text(max_size=40))
    def test_takes_any_name(self, printer: Print, name: str) -> None:
        document, printed = print_cards(printer, [Card("A-1", name)])
        assert (len(document), printed.cards) == (1, 1)


class TestLetters:
    @each_paper
    def test_show_the_name_in_the_window_and_the_code_inside(self, paper: Paper) -> None:
        document, _printed = print_cards(print_letters, make_cards(1), paper=paper)
        height = paper.size[1]
        page = document[0].get_textpage()
        name, code = (find_box(page, text) for text in ("Voter 0", "7K3M"))
        # DIN 5008, form B: the window shows from 20 to 105 mm, and from 45 to 90 mm below the edge.
        assert 20 * mm < name[0] < name[2] < 105 * mm
        assert 45 * mm < height - name[3] < height - name[1] < 86 * mm
        first, second = FOLDS[paper]
        assert first < height - code[3] < height - code[1] < second
        [square] = zxingcpp.read_barcodes(render(document[0]))
        top, bottom = (point.y / 200 * 72 for point in (square.position.top_left, square.position.bottom_left))
        assert first < top < bottom < second


class TestSheets:
    def test_hide_the_code_when_they_are_folded(self) -> None:
        """All that belongs to the code is right of the fold, and no more than half of what is beside the spine."""
        document, _printed = print_cards(print_sheets, make_cards(1))
        left, width = (Paper.A4.size[0] - 2 * 97 * mm) / 2, 97 * mm
        fold = left + 9 * mm + 44 * mm
        box = find_box(document[0].get_textpage(), "7K3M-P2QX-0000-TVWX-9Z")
        assert fold < box[0] < box[2] < left + width
        [square] = zxingcpp.read_barcodes(render(document[0]))
        assert square.position.top_left.x / 200 * 72 > fold


class TestMailMerge:
    def test_has_a_row_for_each_card(self) -> None:
        file = io.StringIO(newline="")
        cards = [Card("A-1", "Ana", ("North", "Board")), Card("A-2", "=cmd()", ("+x",))]
        write_table(file, NOTICE, cards)
        assert list(csv.DictReader(io.StringIO(file.getvalue(), newline=""))) == [
            {
                "name": "Ana",
                "group": "North; Board",
                "address": "vote.example/board-2026",
                "code": "A-1",
                "link": "https://vote.example/board-2026/#A-1",
            },
            {
                "name": "'=cmd()",
                "group": "'+x",
                "address": "vote.example/board-2026",
                "code": "A-2",
                "link": "https://vote.example/board-2026/#A-2",
            },
        ]


def find_box(page: pypdfium2.PdfTextPage, text: str) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a text on a page, in points."""
    found = page.search(text).get_next()
    assert found, text
    boxes = [page.get_charbox(place) for place in range(found[0], found[0] + found[1])]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)
