"""Somebody who keeps each head of a record that was served, and tells at the end whether all of them fit the record."""

import urllib.request
from collections.abc import Sequence

from record.formats.checkpoint import Checkpoint, open_checkpoint
from record.formats.keys import VerifierKey
from record.formats.note import NoteVerifier
from record.formats.tiles import Bundle, read_bundle, tile_width
from record.formats.tree import Frontier, append, leaf_hash


class Heads:
    """The heads of one record, served at an address that ends in `/record/`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._roots: dict[int, set[bytes]] = {}
        # As they were served, by size.
        self.notes: dict[int, bytes] = {}
        self._size = 0

    @property
    def number(self) -> int:
        """How many different sizes were served."""
        return len(self._roots)

    def look(self) -> str:
        """Keep the head as it is served now; return what is wrong with it, '' if nothing, also if it does not come."""
        try:
            note = self._fetch("checkpoint")
            head = self._open(note)
        except (OSError, ValueError) as error:
            # A server that is dead, or an election that has no record yet.
            return f"the head of a record cannot be read: {error}" if isinstance(error, ValueError) else ""
        self.notes[head.size] = note
        self._roots.setdefault(head.size, set()).add(head.root)
        before, self._size = self._size, max(self._size, head.size)
        return f"a record of {before} entries has {head.size} now" if head.size < before else ""

    def check(self) -> Sequence[str]:
        """Read the whole record, and return what does not fit: heads, or entries that are there twice."""
        entries = self._read_entries(self._read().size)
        wrong = [] if len(set(entries)) == len(entries) else ["an entry is in the record twice"]
        frontier = Frontier()
        for size in sorted(self._roots):
            frontier = append(frontier, map(leaf_hash, entries[frontier.size : size])).frontier
            if self._roots[size] != {frontier.root}:
                wrong.append(f"the record has forked: another head of {size} entries was served")
        return wrong

    def count(self) -> int:
        """Return how many entries the record has."""
        return self._read().size

    def _read(self) -> Checkpoint:
        return self._open(self._fetch("checkpoint"))

    def _open(self, note: bytes) -> Checkpoint:
        key = VerifierKey.parse(self._fetch("key").decode().strip())
        return open_checkpoint(note, origin=key.name, logs=[NoteVerifier(key)]).checkpoint

    def _read_entries(self, size: int) -> list[bytes]:
        entries: list[bytes] = []
        while len(entries) < size:
            index = len(entries) // 256
            bundle = Bundle(index, tile_width(0, index, size))
            entries += read_bundle(self._fetch(bundle.path), bundle.width)
        return entries

    def _fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as response:
            content: bytes = response.read()
        return content
