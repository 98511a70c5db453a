"""What a snapshot changes of an earlier one, for clients that ask for changes by a sub-protocol of their socket.

A change is a JSON object. Each of its names is that of a member of an object, or the place of an item in an array, from
0. Where its value is an object, and what is there is an object or an array, the change goes on inside; any other value
takes the place of what is there. This is JSON Merge Patch (RFC 7396) with two differences. A change goes into arrays:
nearly all of a snapshot is in arrays, which a merge patch has whole. And null is a value, since snapshots have some,
and takes nothing away. So an object that has lost a member is sent whole: with the array that it is in, or with the
snapshot.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import orjson

PROTOCOL = "urna.changes.v1"

_ABSENT = object()


class NoChange(Exception):
    """No change makes one value of the other."""


class NumberedSnapshot:
    """A snapshot with its number, as clients of the sub-protocol are sent it: whole, or as a change of an earlier one.

    All are made when they are first wanted, and once for all sockets.
    """

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self._text = text
        self._changes: dict[int, str] = {}

    @cached_property
    def whole(self) -> str:
        """The snapshot with its number."""
        return f'{self._text[:-1]},"frame":{self.number}}}'

    @cached_property
    def _content(self) -> Any:
        return orjson.loads(self.whole)

    def since(self, earlier: "NumberedSnapshot") -> str:
        """Return the change of an earlier snapshot, or the whole where no change is shorter."""
        found = self._changes.get(earlier.number)
        if found is None:
            found = self._changes[earlier.number] = min(self._write_change(earlier), self.whole, key=len)
        return found

    def _write_change(self, earlier: "NumberedSnapshot") -> str:
        try:
            change = difference(earlier._content, self._content)
        except NoChange:
            return self.whole
        return orjson.dumps({"type": "change", "base": earlier.number, "change": change}).decode()


def difference(before: Any, after: Any) -> dict[str, Any]:
    """Return what makes `after` of `before`, which are both objects or both arrays; raises NoChange."""
    change: dict[str, Any] = {}
    for name, old, new in _pairs(before, after):
        if not (isinstance(old, dict | list) and isinstance(new, dict | list)):
            # By type as well, since Python takes true for 1.
            if type(old) is not type(new) or old != new:
                change[name] = new
            continue
        try:
            if inside := difference(old, new):
                change[name] = inside
        except NoChange:
            if isinstance(new, dict):
                # It would be taken for a change that goes on inside.
                raise
            change[name] = new
    return change


def _pairs(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Return the name or the place of each part with what it was and is; raises NoChange where one is gone."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() <= after.keys():
        return ((name, before.get(name, _ABSENT), new) for name, new in after.items())
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return ((str(place), *both) for place, both in enumerate(zip(before, after, strict=True)))
    raise NoChange
