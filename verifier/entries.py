"""The entries of a record: read bundle by bundle, each of the only form that an entry has, and all of one election.

No object is kept for an entry, only its leaf hash and its commitment, which are 64 bytes together.
"""

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .folder import Folder
from .reference import VERSION, Reference
from .report import Malformed, Report, Wrong
from .tree import WIDTH, find_other_leaf, tile_path
from .values import HASH_BYTES, shorten

# The last of 43 letters has two bits that mean nothing, and have to be zero.
_COMMITMENT = rb"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_ENTRY = re.compile(rb"urna-entry/1\n([A-Za-z0-9_-]{1,60})\n([0-9a-f]{16,64})\n(" + _COMMITMENT + rb")\n")
# The commitment of an entry, from the end of the entry.
_BEGIN, _END = -45, -1


@dataclass
class Entries:
    """All entries of ballots: their election and design, and the commitment of each, 32 bytes one by one.

    `leaves` are the leaf hashes of all entries. The first one may be a reference to a record that this one continues.
    """

    election: str = ""
    design: str = ""
    leaves: bytearray = field(default_factory=bytearray)
    commitments: bytearray = field(default_factory=bytearray)
    reference: Reference | None = None

    def __len__(self) -> int:
        return len(self.commitments) // HASH_BYTES

    @property
    def first(self) -> int:
        """The index in the tree of the first ballot's entry."""
        return 1 if self.reference else 0

    def require_same(self, content: Mapping[str, Any], paper: bytes) -> None:
        """Raise Malformed unless a file names the election and the design of the entries.

        If there are none, nothing names the election, and the design is the hash of the paper in either length.
        """
        election, design = content.get("election"), content.get("design")
        paper_hash = sha256(paper).hexdigest()
        if len(self) and election != self.election:
            raise Malformed(f"election is {shorten(election)}, and has to be {shorten(self.election)}")
        if design not in ([self.design] if len(self) else [paper_hash[:16], paper_hash[:32]]):
            raise Malformed(f"design is {shorten(design)}, and has to be {shorten(self.design or paper_hash[:32])}")


def read_entries(folder: Folder, size: int, paper: bytes, report: Report) -> Entries:
    """Read all entries of a tree of some size, on a paper; raises Wrong at the first that is not as it has to be."""
    entries = Entries()
    reader = _Reader(entries, paper)
    for first in range(0, size, WIDTH):
        report.progress("entries", first, size)
        width = min(size - first, WIDTH)
        path = tile_path("entries", first // WIDTH, width)
        try:
            reader.read(folder.read(path), width)
        except Malformed as error:
            raise Wrong(path, f"{error}{tell_first(folder, entries.leaves, size)}") from error
    _require_different(folder, entries, size)
    return entries


def split_bundle(data: bytes, first: int, width: int) -> Iterator[bytes]:
    """Yield the entries of a bundle, whose first one has this index; raises Malformed unless there are `width`."""
    place = found = 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if end > len(data):
            raise Malformed(f"entry {first + found:,} is cut")
        if found == width:
            raise Malformed(f"it has more than the {width} entries that it has to have")
        yield data[place + 2 : end]
        place = end
        found += 1
    if found < width:
        raise Malformed(f"it has {found} entries, and has to have {width}")


def bundle_of(entry: int, size: int) -> str:
    """Return the path of the bundle with an entry."""
    index = entry // WIDTH
    return tile_path("entries", index, min(size - index * WIDTH, WIDTH))


class _Reader:
    """Reads bundles, one after the other."""

    def __init__(self, entries: Entries, paper: bytes) -> None:
        self._entries = entries
        self._paper_hash = sha256(paper).hexdigest()
        # What a bundle looks like, and the bytes of an entry in it with its length before it; known from the first.
        self._bundle: re.Pattern[bytes] | None = None
        self._stride = 0

    def read(self, data: bytes, width: int) -> None:
        """Add the entries of a bundle; raises Malformed, and then those before the fault have been added."""
        if not (self._bundle and len(data) == width * self._stride and self._bundle.fullmatch(data)):
            self._read_slowly(data, width)
            return
        ends = range(self._stride, len(data) + 1, self._stride)
        length = self._stride - 2
        self._entries.leaves += b"".join([sha256(b"\0" + data[end - length : end]).digest() for end in ends])
        self._entries.commitments += b"".join([a2b_base64(data[end + _BEGIN : end + _END]) for end in ends])

    def _read_slowly(self, data: bytes, width: int) -> None:
        """Read entries one by one, to say which of them is wrong and why."""
        first = len(self._entries.leaves) // HASH_BYTES
        for number, entry in enumerate(split_bundle(data, first, width), start=first):
            if number == 0 and entry.startswith(VERSION.encode()):
                self._read_reference(entry)
                continue
            self._require_form(entry, number)
            self._entries.leaves += sha256(b"\0" + entry).digest()
            self._entries.commitments += a2b_base64(entry[_BEGIN:_END])

    def _read_reference(self, entry: bytes) -> None:
        try:
            self._entries.reference = Reference.parse(entry)
        except Malformed as error:
            raise Malformed(f"entry 0: {error}") from error
        self._entries.leaves += sha256(b"\0" + entry).digest()

    def _require_form(self, entry: bytes, number: int) -> None:
        match = _ENTRY.fullmatch(entry)
        if not match:
            raise Malformed(f"entry {number:,} is not of the form that an entry has")
        election, design = match[1].decode(), match[2].decode()
        if not self._bundle:
            if len(design) not in (16, 32) or not self._paper_hash.startswith(design):
                raise Malformed(
                    f"entry {number:,} names the design {design}, and the hash of paper.json is {self._paper_hash[:32]}"
                )
            self._entries.election, self._entries.design = election, design
            self._stride = 2 + len(entry)
            begin = len(entry).to_bytes(2, "big") + entry[:_BEGIN]
            self._bundle = re.compile(rb"(?:" + re.escape(begin) + _COMMITMENT + rb"\n)*")
        if election != self._entries.election:
            known = self._entries.election
            raise Malformed(f"entry {number:,} is of the election {shorten(election)}, and those before of {known}")
        if design != self._entries.design:
            known = self._entries.design
            raise Malformed(f"entry {number:,} names the design {design}, and those before it and paper.json {known}")


def _require_different(folder: Folder, entries: Entries, size: int) -> None:
    """Raise Wrong if a commitment comes twice."""
    # Numbers of the first 8 bytes are quick to sort. Only if two are equal are whole commitments compared.
    firsts = memoryview(bytes(entries.commitments)).cast("Q")[::4].tolist()
    firsts.sort()
    if all(map(int.__lt__, firsts, firsts[1:])):
        return
    seen: dict[bytes, int] = {}
    for place in range(len(entries)):
        commitment = bytes(entries.commitments[place * HASH_BYTES : (place + 1) * HASH_BYTES])
        number = entries.first + place
        if (before := seen.setdefault(commitment, number)) != number:
            what = f"entry {number:,} has the commitment of entry {before:,}"
            raise Wrong(bundle_of(number, size), what + tell_first(folder, entries.leaves, size))


def tell_first(folder: Folder, leaves: bytearray, size: int) -> str:
    """Say which of the entries read so far is the first that the tiles do not have, "" if they have all."""
    other = find_other_leaf(folder, leaves, size)
    if other is None:
        return ""
    return f"; the first entry that is not as in the hash tiles is entry {other:,}, in {bundle_of(other, size)}"
