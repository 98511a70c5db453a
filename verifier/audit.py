"""The audit file, which is never published: it opens each entry, and so shows that the counted ballots are these.

Each line has the salt of an entry in hex, the weight, and the marking of the whole paper as a text in JSON.
"""

import json
import re
from binascii import unhexlify
from collections import Counter
from hashlib import sha256
from pathlib import Path

from .ballots import Piles
from .entries import Entries
from .fates import Fates
from .markings import split_paper
from .paper import Paper
from .report import Malformed, Report, Wrong
from .values import HASH_BYTES, LARGEST_NUMBER, shorten

# A salt, a blank, and the rest, which is often the same on many lines.
_REST = re.compile(rb'([1-9][0-9]{0,18}) (".*")\n', re.DOTALL)
_SALT = re.compile(rb"[0-9a-f]{64} ")
# Different ends of lines of which is kept what they say.
_MOST_KEPT = 100_000
LONGEST_LINE = 2_000_000


def open_entries(path: Path, name: str, entries: Entries, fates: Fates | None, report: Report) -> Counter[bytes]:
    """Open each entry by its line; return how often each end of a line is among those that count.

    Raises Wrong, with the first line that opens nothing.
    """
    head = f"{entries.election}\n{entries.design}\n".encode()
    commitments, kept = entries.commitments, dict[bytes, bytes]()
    counting: Counter[bytes] = Counter()
    number = 0
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            report.progress("audit", number, len(entries))
            if number == len(entries):
                raise Wrong(name, f"line {number + 1:,}: there are only {number:,} entries")
            rest = line[65:]
            ballot = kept.get(rest)
            if ballot is None:
                try:
                    ballot = head + _read_rest(line, rest)
                except Malformed as error:
                    raise Wrong(name, f"line {number + 1:,}: {error}") from error
                if len(kept) < _MOST_KEPT:
                    kept[rest] = ballot
            if not _SALT.match(line):
                raise Wrong(name, f"line {number + 1:,} does not begin with a salt of 32 bytes in hex")
            place = number * HASH_BYTES
            if sha256(unhexlify(line[:64]) + ballot).digest() != commitments[place : place + HASH_BYTES]:
                raise Wrong(
                    name,
                    f"line {number + 1:,} does not open entry {entries.first + number:,}: "
                    "it has another salt, weight or marking",
                )
            if fates and fates.counts[number]:
                counting[rest] += 1
            number += 1
    if number < len(entries):
        raise Wrong(name, f"it ends after line {number:,}, and there are {len(entries):,} entries")
    return counting


def compare(counting: Counter[bytes], paper: Paper, ballots: dict[str, Piles], name: str) -> None:
    """Raise Wrong unless the opened ballots that count are, split by contest, exactly the published ones."""
    piles: dict[str, Piles] = {contest.key: Counter() for contest in paper.contests}
    for rest, number in counting.items():
        weight, marking = _parse(rest)
        try:
            parts = split_paper(marking, paper.contests)
        except Malformed as error:
            raise Wrong(name, f"an entry counts, and {error}") from error
        for key, own in parts.items():
            piles[key][own, weight] += number
    for key, pile in piles.items():
        if pile != ballots[key]:
            kind = min(one for one in pile | ballots[key] if pile[one] != ballots[key][one])
            what = f"contest {key}, {shorten(kind[0])} of weight {kind[1]}: {ballots[key][kind]:,} ballots"
            raise Wrong("ballots.json", f"{what}, and {pile[kind]:,} entries that count open as this")


def _read_rest(line: bytes, rest: bytes) -> bytes:
    """Return weight and marking as they are committed to; raises Malformed."""
    if not line.endswith(b"\n"):
        raise Malformed("it is cut: it does not end in a newline")
    weight, marking = _parse(rest)
    try:
        return f"{weight}\n{marking}".encode()
    except UnicodeEncodeError as error:
        raise Malformed("the marking has half a character") from error


def _parse(rest: bytes) -> tuple[int, str]:
    match = _REST.fullmatch(rest)
    try:
        marking = json.loads(match[2]) if match else None
    except ValueError:
        marking = None
    if not match or not isinstance(marking, str) or int(match[1]) > LARGEST_NUMBER:
        raise Malformed("after the salt there is no weight and no marking as a text in JSON")
    return int(match[1]), marking
