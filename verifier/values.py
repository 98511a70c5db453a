"""Numbers, base64 and JSON in files: each value has one text, and what has another one is refused."""

import base64
import json
import re
from typing import Any, NoReturn, TypeGuard

from tabulation import canonical_json

from .report import Malformed

LARGEST_NUMBER = 2**63 - 1
HASH_BYTES = 32
# More than any working of a count has; and no sum of such numbers is too long to be written.
_MOST_DIGITS = 40
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def read_decimal(text: str) -> int:
    """Return a number from 0 to 2**63 - 1 in digits without leading zeros; raises Malformed."""
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST_NUMBER:
        raise Malformed(f"{shorten(text)} is no number from 0 to 2^63 - 1")
    return int(text)


def read_base64(text: str) -> bytes:
    """Return the bytes of a text in base64, written in the only way; raises Malformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed(f"{shorten(text)} is no base64") from error
    if base64.b64encode(data).decode() != text:
        raise Malformed(f"{shorten(text)} is no canonical base64")
    return data


def read_json(data: bytes, *, canonical: bool = False) -> Any:
    """Return a value from JSON in UTF-8, without fractions, numbers that nobody needs and names that come twice.

    `canonical` asks for canonical JSON, byte for byte. Raises Malformed.
    """
    text = read_text(data)
    try:
        value = json.loads(
            text, object_pairs_hook=_once_each, parse_int=_read_whole, parse_float=_refuse, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"this is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Malformed("the JSON is nested too deeply") from error
    try:
        written = canonical_json.write(value) if canonical else text
    except (ValueError, RecursionError) as error:
        raise Malformed("a text in it cannot be written in UTF-8, or it is nested too deeply") from error
    if written != text:
        pairs = enumerate(zip(written, text, strict=False))
        place = next((place for place, (one, other) in pairs if one != other), len(written))
        raise Malformed(f"this is no canonical JSON, from character {place:,} on")
    return value


def read_text(data: bytes) -> str:
    """Return text in UTF-8; raises Malformed, with the byte that is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start:,} is no UTF-8") from error


def shorten(value: object) -> str:
    """Return a value as it is shown in a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:76]}..."


def is_number(value: object, *, least: int = 0) -> TypeGuard[int]:
    """Tell whether a value out of JSON is a whole number from `least` on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise Malformed(f"the name {shorten(twice)} comes twice in one object")
    return fields


def _read_whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise Malformed(f"the number {shorten(text)} is too large")
    return int(text)


def _refuse(text: str) -> NoReturn:
    raise Malformed(f"{shorten(text)} is no whole number")
