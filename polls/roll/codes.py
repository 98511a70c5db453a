"""Voting codes: made at random, shown once, and kept only as a keyed hash.

A code has 19 random characters and a check character, in five groups of four. 23 characters are used, of which no two
look alike, so that 19 of them hold 85 bits. Because 23 is a prime, the check character finds each wrong character and
each two that have changed places.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.utils.crypto import salted_hmac

from ..signing import url_safe

ALPHABET = "23456789ACDEFHJKMNPRTXY"
LENGTH = 20
GROUP = 4
# What people read in place of a character that is used. There is no 0, O or Q, so that one of these is a D; and so on.
LOOK_ALIKES = str.maketrans({"0": "D", "O": "D", "Q": "D", "S": "5", "Z": "2", "B": "8", "G": "6"})
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# Between groups, and around them: spaces and dashes of any kind, and what a mail program puts at the end of a line.
_BETWEEN = " \t\r\n\u00a0\u2009\u202f-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212_.,:;/"
_REMOVED = dict.fromkeys(map(ord, _BETWEEN))
_SALT = "polls.roll.codes"


class Mistyped(ValueError):
    """What was typed cannot be a code: a character is wrong, missing or too many."""


def make() -> str:
    """Make a new code, in groups."""
    # One number at random for all characters: one for each takes ten times as long.
    rest, characters = secrets.randbelow(len(ALPHABET) ** (LENGTH - 1)), ""
    for _place in range(LENGTH - 1):
        rest, value = divmod(rest, len(ALPHABET))
        characters += ALPHABET[value]
    return write(characters + _check_character(characters))


def write(code: str) -> str:
    """Write a code in groups, as it stands on a card."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read(typed: str) -> str:
    """Read a code in whichever way it was typed, without its dashes; raises Mistyped."""
    code = typed.translate(_REMOVED).upper().translate(LOOK_ALIKES)
    if len(code) != LENGTH or not _VALUES.keys() >= set(code) or _check_character(code[:-1]) != code[-1]:
        raise Mistyped
    return code


def _check_character(characters: str) -> str:
    """Return the character with which the sum of all, each times its place, is a multiple of 23."""
    total = sum(place * _VALUES[one] for place, one in enumerate(characters, start=1))
    # LENGTH times the value is to be -total; pow() gives the inverse of LENGTH.
    return ALPHABET[-total * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)]


def hash_code(election: int, code: str) -> str:
    """Return the keyed hash by which an election finds a code: 128 bits, 22 URL-safe characters, as a voter key has.

    The key comes from the SECRET_KEY: whoever has the database alone cannot try codes, and the administration can make
    codes without the voter secret.
    """
    return _hash(_key(election, settings.SECRET_KEY), code)


def hash_all(election: int, codes: Iterable[str]) -> Iterator[str]:
    """Yield the hashes of many codes."""
    key = _key(election, settings.SECRET_KEY)
    for code in codes:
        yield _hash(key, code)


def possible_hashes(election: int, code: str) -> list[str]:
    """Return the hashes under which a code may be kept: also those of the keys before the SECRET_KEY of today."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [_hash(_key(election, key), code) for key in keys]


def _key(election: int, secret: str) -> bytes:
    return salted_hmac(_SALT, str(election), secret=secret, algorithm="sha256").digest()


def _hash(key: bytes, code: str) -> str:
    bits = hmac.digest(key, code.encode(), hashlib.sha256)[:16]
    return url_safe(bits)
