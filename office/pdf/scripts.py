"""Runs of one script and one direction, in the order in which they stand on paper.

A simplified form of the Unicode bidirectional algorithm (UAX #9), good for names and titles: one level of embedding,
and no marks of direction. The well-kept libraries of the full one are under the LGPL or have no wheels.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby

_RIGHT_TO_LEFT = ("R", "AL")
# Without marks that are put on other characters.
_PLAIN = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u024f\u0370-\u0482\u048a-\u052f\u10a0-\u10ff\u1e00-\u1fff\u2010-\u2027\u2030-\u214f]*"
)
_OPENING, _CLOSING = "([{<«‹", ")]}>»›"
_MIRRORED = str.maketrans(_OPENING + _CLOSING, _CLOSING + _OPENING)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one script as they are to be shaped."""

    text: str
    leftward: bool


def is_plain(text: str) -> bool:
    """Tell whether a text is printed character by character from left to right, as Latin, Greek and Cyrillic are."""
    return bool(_PLAIN.fullmatch(text))


def order(text: str) -> list[Run]:
    """Return the runs of a text from left to right."""
    pieces = list(_resolve(text))
    base = next((leftward for script, leftward, _char in pieces if script), False)
    runs = [
        _make_run("".join(char for _script, _leftward, char in group), script, leftward)
        for (script, leftward), group in groupby(pieces, key=lambda piece: piece[:2])
    ]
    groups = [list(group) for _leftward, group in groupby(runs, key=lambda run: run.leftward)]
    if base:
        groups.reverse()
    return [run for group in groups for run in (reversed(group) if group[0].leftward else group)]


def _make_run(text: str, script: str, leftward: bool) -> Run:
    # Shaping turns letters, but not marks that stand alone.
    return Run(text[::-1] if leftward and not script else text, leftward)


def _resolve(text: str) -> Iterator[tuple[str, bool, str]]:
    """Yield each character with its script, "" for none, and whether it is read leftward."""
    strong = [(_script(char), unicodedata.bidirectional(char) in _RIGHT_TO_LEFT) for char in text]
    base = next((leftward for script, leftward in strong if script), False)
    # For each character the next one, or itself, that has a script.
    later = list(accumulate(strong[::-1], lambda next_one, one: one if one[0] else next_one, initial=("", base)))[:0:-1]
    before = ("", base)
    opened: list[bool] = []
    for char, own, after in zip(text, strong, later, strict=True):
        if own[0]:
            before = own
            yield *own, char
            continue
        leftward = before[1] if before[1] == after[1] else base
        if char in _OPENING:
            opened.append(leftward)
        elif char in _CLOSING and opened:
            leftward = opened.pop()
        if unicodedata.mirrored(char):
            before = ("", leftward)
        # Marks and spaces are shaped with what they stand behind.
        script = before[0] if before[1] == leftward else ""
        yield script, leftward, char.translate(_MIRRORED) if leftward else char


def _script(char: str) -> str:
    """Return the script of a letter or a digit, by its name in Unicode, and "" for what has none."""
    if unicodedata.category(char)[0] not in "LN":
        return ""
    return unicodedata.name(char, "").partition(" ")[0]
