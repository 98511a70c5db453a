"""The groups of an entry of a roll, as one text."""

from collections.abc import Iterable


def write_groups(groups: Iterable[str]) -> str:
    """Write the groups of an entry as the box has them; no name of a group holds a bar."""
    return "|".join(groups)


def read_groups(text: str) -> tuple[str, ...]:
    """Read back what `write_groups` has written."""
    return tuple(text.split("|")) if text else ()
