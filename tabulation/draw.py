"""The draw that puts tied options in order: by a secret that is fixed beforehand, or by a lot that people draw.

A rule asks for a draw only after its own ways to break a tie. Without a draw a tie stays a tie.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from . import canonical_json
from .canonical_json import Json


class Draw(Protocol):
    """What puts tied options in order; the first one comes first: it is elected first, and excluded last."""

    @property
    def name(self) -> str:
        """The word for it in the working."""

    def order(self, contest: str, method: str, round_number: int, keys: Iterable[str]) -> tuple[str, ...] | None:
        """Return the tied options in order; None if the draw does not say."""


@dataclass(frozen=True)
class SecretDraw:
    """A draw from a secret, whose SHA-256 is published before the first ballot, and the secret after the last.

    Each tied option has a number: HMAC-SHA256 with the secret over the canonical JSON of `[contest, method, round,
    tied keys sorted, key]`. The lowest number comes first. So everybody who knows the secret computes the same order,
    and nobody who only knows its hash can.
    """

    secret: str
    name: str = field(default="secret", init=False)

    @property
    def commitment(self) -> str:
        """The SHA-256 of the secret, as hex."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def order(self, contest: str, method: str, round_number: int, keys: Iterable[str]) -> tuple[str, ...]:
        tied = sorted(keys)
        # The beginning, which all of them share, is written once: with 500 tied options it is long.
        head = canonical_json.write([contest, method, round_number, tied]).removesuffix("]")
        begun = hmac.new(self.secret.encode(), head.encode(), "sha256")

        def number(key: str) -> bytes:
            whole = begun.copy()
            whole.update(f",{canonical_json.write(key)}]".encode())
            return whole.digest()

        return tuple(sorted(tied, key=number))


class Lot(NamedTuple):
    """A lot that people have drawn for the tie of a round: its options in order."""

    round_number: int
    order: tuple[str, ...]


@dataclass(frozen=True)
class PublicLots:
    """Lots that were drawn in public, by contest; a tie for which none was drawn stays a tie."""

    lots: Mapping[str, Iterable[Lot]]
    name: str = field(default="lot", init=False)

    def order(self, contest: str, method: str, round_number: int, keys: Iterable[str]) -> tuple[str, ...] | None:
        tied = set(keys)
        drawn = (lot.order for lot in self.lots.get(contest, ()) if lot.round_number == round_number)
        return next((order for order in drawn if set(order) == tied), None)


class Drawn(NamedTuple):
    """A tie that a draw has broken, for the working."""

    round_number: int
    order: tuple[str, ...]
    by: str

    def as_dict(self) -> dict[str, Json]:
        return {"round": self.round_number, "order": list(self.order), "by": self.by}
