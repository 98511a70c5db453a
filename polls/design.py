"""What voters see of an election, as one canonical text, and the hash of that text: the design.

A paper is written and hashed once, when it is published; from then on the hash is stored, passed on and compared, and
never computed anew: the next release may write papers in another way. That way has a number, the scheme.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Self

from .methods import OptionOnBallot

SCHEMES = (1, 2)
# The one by which new papers are written.
SCHEME = 2


@dataclass(frozen=True)
class Paper:
    """All that a voter sees before voting, and by which a marking is read."""

    title: str
    description: str
    method: str
    max_choices: int | None
    votes_final: bool
    options: tuple[OptionOnBallot, ...]

    def write(self, scheme: int = SCHEME) -> str:
        """Return the canonical text under a scheme; raises KeyError for one that is not known."""
        return {1: self._write_first, 2: self._write_second}[scheme]()

    def _write_first(self) -> str:
        """Write what the first release hashed, with Python's own spaces and escapes."""
        options = [(option.key, option.label) for option in self.options]
        seen = [self.title, self.description, self.method, self.max_choices, self.votes_final, options]
        return json.dumps(seen)

    def _write_second(self) -> str:
        """Write JSON with sorted names, no spaces and no escapes but those that JSON asks for."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    @lru_cache(maxsize=128)
    def read(cls, text: str) -> Self:
        """Read a canonical text of any scheme."""
        content = json.loads(text)
        if isinstance(content, list):
            names = ("title", "description", "method", "max_choices", "votes_final")
            *values, options = content
            return cls(**dict(zip(names, values, strict=True)), options=tuple(OptionOnBallot(*one) for one in options))
        return cls(**content | {"options": tuple(OptionOnBallot(**one) for one in content["options"])})


def hash_paper(text: str, scheme: int = SCHEME) -> str:
    """Return the design of a canonical text: SHA-256, cut to 128 bits as hex, under the first scheme to 64 bits."""
    return hashlib.sha256(text.encode()).hexdigest()[: 16 if scheme == 1 else 32]
