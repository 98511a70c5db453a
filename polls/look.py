"""Whose election it is, as its pages show it: a name, a colour and a logo. It is no part of what is voted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Look:
    """What the pages of an organisation's elections show above the paper.

    The accent colour is given as #rrggbb for light and for dark pages. The logo is a data URI, so that it needs no
    request of its own, and shows wherever the page does.
    """

    name: str = ""
    light: str = ""
    dark: str = ""
    logo: str = ""

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """Read a look from plain JSON; ignore what a newer release adds."""
        return cls(**{name: content[name] for name in cls.__dataclass_fields__ if name in content})
