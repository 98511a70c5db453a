"""A table for a mail merge of one's own: a row for each card."""

from collections.abc import Iterable
from itertools import chain
from typing import TextIO

from pages.spreadsheet_cells import write_rows

from .card import Card, Notice

COLUMNS = ("name", "group", "address", "code", "link")


def write_table(file: TextIO, notice: Notice, cards: Iterable[Card]) -> None:
    """Write the cards as CSV; the file must be opened as `write_rows` says."""
    address = notice.typed_address
    rows = ((card.name, "; ".join(card.groups), address, card.code, notice.link(card)) for card in cards)
    write_rows(file, chain([COLUMNS], rows))
