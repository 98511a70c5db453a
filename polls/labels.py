"""Labels and the keys made from them: what people write, and what names it on the wire."""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable

from django.utils.text import slugify

# Characters.
LONGEST_KEY = 40
LONGEST_LABEL = 120
LONGEST_TITLE = 200
LONGEST_EXPLANATION = 2000
# The longest emoji, a family with skin tones, has ten characters; a flag of a region has seven.
LONGEST_EMOJI = 16
LONGEST_LANGUAGE = 12

_BULLET = re.compile(r"([-*+•·‣◦▪●○–—o])\s")
_NUMBER = re.compile(r"(\d+)[.)]\s")


def tidy(label: str) -> str:
    """Return a label in one Unicode form (NFC), with no white space around it and single spaces inside."""
    return " ".join(unicodedata.normalize("NFC", label).split())


def read_lines(text: str) -> list[str]:
    """Return the labels of a text that was typed or pasted, one a line; empty lines are left out.

    Bullets and numbers of a list in a word processor go, if every line has one, the numbers from 1 on: “3. FC” alone
    stays what it is.
    """
    lines = [label for line in text.splitlines() if (label := tidy(line))]
    for mark in (_BULLET, _NUMBER):
        marked = [mark.match(line) for line in lines]
        found = [match for match in marked if match]
        if len(found) < len(lines) or len(lines) < 2:
            continue
        numbers = [match.group(1) for match in found]
        if mark is _NUMBER and numbers != [str(number) for number in range(1, len(lines) + 1)]:
            continue
        lines = [label for line, match in zip(lines, found, strict=True) if (label := line[match.end() :])]
    return lines


def fold(label: str) -> str:
    """Return a text that is equal for two labels that look the same.

    Forms, widths and case are made equal. What is invisible is left out: control and format characters, such as
    U+200B, and all white space.
    """
    text = unicodedata.normalize("NFKC", label).casefold()
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Zs", "Zl", "Zp"))
    return unicodedata.normalize("NFKC", text)


def find_equal(labels: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two labels that look the same, None if there are none."""
    seen: dict[str, str] = {}
    for label in labels:
        folded = fold(label)
        if folded in seen:
            return seen[folded], label
        seen[folded] = label
    return None


def make_key(label: str, taken: Collection[str], *, otherwise: str = "option") -> str:
    """Make a key from a label, not one of `taken`; from `otherwise` if the label has no Latin letters."""
    base = slugify(label)[: LONGEST_KEY - 4].strip("-_").replace("_", "-") or otherwise
    while "--" in base:
        base = base.replace("--", "-")
    candidates = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    return next(key for key in candidates if key not in taken)


def number_key(taken: Collection[str], *, first: int = 1) -> str:
    """Return the first of the keys `q1`, `q2` and so on, from number `first` on, that is not in `taken`."""
    return next(key for number in itertools.count(first) if (key := f"q{number}") not in taken)
