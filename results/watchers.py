"""How many look at an election, in all processes of `result` together.

Each process tells the others at its ticks, so that the number is some seconds old: about so many.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any

GROUP = "watching"
# Seconds after which a process that says nothing more is taken for gone: three of its ticks.
FORGET_S = 6.5


class Watchers:
    """What the other processes have told. Belongs to one event loop."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(4)
        self._heard: dict[str, tuple[float, dict[str, int]]] = {}

    def tell(self, counts: Mapping[int, int]) -> dict[str, Any]:
        """Return the message that tells the others how many watch which election here."""
        return {"type": GROUP, "from": self._me, "counts": {str(election): n for election, n in counts.items()}}

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take a message of another process, or of this one, which knows its own number better."""
        if message["from"] != self._me:
            self._heard[message["from"]] = (time.monotonic(), dict(message["counts"]))

    def elsewhere(self, election: int) -> int:
        """Return how many watch an election in other processes."""
        now = time.monotonic()
        self._heard = {name: one for name, one in self._heard.items() if now - one[0] < FORGET_S}
        return sum(counts.get(str(election), 0) for _at, counts in self._heard.values())
