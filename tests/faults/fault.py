"""One fault."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.installation import Installation


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong, and doing it; with `spares_voting` people must be able to vote meanwhile."""

    name: str
    strike: Callable[[Installation], bool]
    spares_voting: bool = False
