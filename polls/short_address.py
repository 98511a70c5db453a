"""Short addresses: a few letters and digits that lead to an election, for people who type them from a screen."""

import itertools
import re
import secrets
import unicodedata
from collections.abc import Iterator

# Without those that look like another one in some writing: 0 o, 1 i l, 2 z, 5 s, 8 b, 9 g q, u v w.
LETTERS, DIGITS = "acdefhjkmnprtxy", "34679"
# Whoever can guess a code finds the election: of six characters there are fifty million codes.
LENGTH, LENGTH_OF_UNLISTED = 3, 6
# Codes of one length that are tried before a longer one.
TRIES = 20
# Far more than any address has.
_LONGEST_TYPED = 200


def new_codes(*, unlisted: bool) -> Iterator[str]:
    """Return random codes without an end, at first short ones; each has a letter and a digit, so that it is no word."""
    for length in itertools.count(LENGTH_OF_UNLISTED if unlisted else LENGTH):
        drawn = ("".join(secrets.choice(LETTERS + DIGITS) for _ in range(length)) for _ in itertools.count())
        yield from itertools.islice((code for code in drawn if not (code.isalpha() or code.isdigit())), TRIES)


def read_typed(typed: str) -> str:
    """Return the code or the address that somebody has typed, in whichever case, with spaces, or as a whole URL."""
    plain = unicodedata.normalize("NFKC", typed[:_LONGEST_TYPED]).lower()
    return re.sub(r"\s", "", plain).rstrip("/").rpartition("/")[2]
