"""Numbers and bytes in text: each value has exactly one text, and any other is refused.

Other programs read base64 with bits that mean nothing, or numbers with leading zeros. They are refused here, so that
equal checkpoints and proofs are equal text, and can be compared as such.
"""

import base64
import re

# Go keeps sizes in 64 bits with a sign, and so do witnesses and browsers' tools: a larger tree could not be checked.
LARGEST_NUMBER = 2**63 - 1
HASH_BYTES = 32


class Malformed(ValueError):
    """Text or bytes that are not in their format; the message says what is wrong."""


def read_decimal(text: str) -> int:
    """Return a number from 0 to 2**63 - 1 that is written in ASCII digits without leading zeros; raises Malformed."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) or int(text) > LARGEST_NUMBER:
        raise Malformed(f"{text[:40]!r} is no number from 0 to 2**63 - 1 without leading zeros")
    return int(text)


def write_base64(data: bytes) -> str:
    """Return bytes in the standard base64 of RFC 4648, section 4, with padding."""
    return base64.b64encode(data).decode()


def read_base64(text: str) -> bytes:
    """Return the bytes of a text that `write_base64` would write; raises Malformed for any other."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed(f"{text[:40]!r} is no base64") from error
    if write_base64(data) != text:
        raise Malformed(f"{text[:40]!r} is no canonical base64")
    return data


def read_hash(text: str) -> bytes:
    """Return a hash of 32 bytes that is written in base64; raises Malformed."""
    data = read_base64(text)
    if len(data) != HASH_BYTES:
        raise Malformed(f"{text[:40]!r} is a hash of {len(data)} bytes, and has to be one of {HASH_BYTES}")
    return data
