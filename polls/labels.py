"""Labels and the keys made from them: what people write, and what names it on the wire."""

import itertools
import unicodedata
from collections.abc import Collection, Iterable

from django.utils.text import slugify

# Characters.
LONGEST_KEY = 40
LONGEST_LABEL = 120
LONGEST_TITLE = 200
LONGEST_EXPLANATION = 2000


def tidy(label: str) -> str:
    """Return a label in one Unicode form (NFC), without white space around it or twice inside of it."""
    return " ".join(unicodedata.normalize("NFC", label).split())


def fold(label: str) -> str:
    """Return what two labels have in common that nobody can tell apart.

    Forms, widths and case are made equal, and what is invisible is left out: controls and format characters, such as
    U+200B, and all white space.
    """
    text = unicodedata.normalize("NFKC", label).casefold()
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Zs", "Zl", "Zp"))
    return unicodedata.normalize("NFKC", text)


def find_equal(labels: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two labels that nobody can tell apart, None if there are none."""
    seen: dict[str, str] = {}
    for label in labels:
        folded = fold(label)
        if folded in seen:
            return seen[folded], label
        seen[folded] = label
    return None


def make_key(label: str, taken: Collection[str], *, otherwise: str = "option") -> str:
    """Make a key from a label that none of `taken` is; `otherwise` begins it where the label has no Latin letters."""
    base = slugify(label)[: LONGEST_KEY - 4].strip("-_").replace("_", "-") or otherwise
    while "--" in base:
        base = base.replace("--", "-")
    candidates = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    return next(key for key in candidates if key not in taken)


def number_key(taken: Collection[str], *, first: int = 1) -> str:
    """Return the first key of a contest, `q1`, `q2` and so on, that none of `taken` is, from number `first` on."""
    return next(key for number in itertools.count(first) if (key := f"q{number}") not in taken)
