"""JSON in which equal values have equal text, byte for byte, on any machine."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

# No floats: they are not exact, and machines write them differently.
Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


def write(value: Json) -> str:
    """Write a value of dicts, lists, texts, whole numbers, booleans and None; raises TypeError for anything else.

    Keys are sorted by code point, there is no white space, and the text is meant to be stored as UTF-8.
    With ASCII keys and numbers below 2**53 this is RFC 8785 (JSON Canonicalization Scheme). Raises ValueError for a
    text that UTF-8 cannot hold.
    """
    _require_plain(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _require_plain(value: object) -> None:
    match value:
        case None | bool() | int():
            pass
        case str():
            value.encode()
        case list():
            for one in value:
                _require_plain(one)
        case dict():
            for key, one in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"{key!r} is no key in JSON: it is no text")
                _require_plain(key)
                _require_plain(one)
        case _:
            raise TypeError(f"{value!r} is no plain JSON: write it as a list, dict, text or whole number")
