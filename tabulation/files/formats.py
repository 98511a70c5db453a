"""The formats by name, and how to find out which one a file has."""

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import abif, blt, preflib, tables
from .content import Content
from .table_layout import Layout
from .text_lines import TextLines

FORMATS = ("blt", "abif", "csv", "preflib")
_LOOKS_LIKE: dict[str, Callable[[str], bool]] = {
    "preflib": preflib.looks_like,
    "blt": blt.looks_like,
    "abif": abif.looks_like,
}
_READERS: dict[str, Callable[[Iterable[str]], Content]] = {"preflib": preflib.read, "blt": blt.read, "abif": abif.read}
# Lines in which a file shows what it is: comments may come first.
_HEAD = 50


class Found(NamedTuple):
    """The content of a file, with the format and the encoding that it has."""

    content: Content
    format: str
    encoding: str


def read(blocks: Iterable[bytes], *, format: str = "", layout: Layout | None = None) -> Found:
    """Read a file; `format` is one of FORMATS, or empty if the file has to show it. Raises InvalidFile."""
    text = TextLines(blocks)
    lines = iter(text)
    head = list(itertools.islice(lines, _HEAD))
    format = format or _recognise(head)
    every = itertools.chain(head, lines)
    content = tables.read(every, layout) if format == "csv" else _READERS[format](every)
    return Found(content, format, text.encoding)


def _recognise(head: list[str]) -> str:
    """Return the format that the first lines show; a table can look like anything, so that it is what is left."""
    for line in head:
        if preflib.looks_like(line):
            return "preflib"
        if line.strip() and not line.lstrip().startswith("#"):
            return next((name for name, looks_like in _LOOKS_LIKE.items() if looks_like(line)), "csv")
    return "csv"
