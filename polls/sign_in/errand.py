"""What `vote` and `signin` hand each other by way of the voter's browser: both signed, and good for a minute.

An errand says for which election somebody is to sign in, and where. A ticket says which entry of the roll that is. Both
are bound to the browser that began: it alone has the secret of which they hold the hash. So whoever gets hold of one
can do nothing with it, and nobody can be led into somebody else's vote.
"""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core import signing

# For an errand to get to `signin`, and for a ticket to get back to `vote`, by the one clock of the ballot box.
GOOD_FOR_MS = 60_000


class NotGood(Exception):
    """An errand or a ticket that was not signed here, or that is too old."""


@dataclass(frozen=True, kw_only=True)
class _Signed:
    """Something that is signed; `at` is when, in milliseconds of the box's clock."""

    election: int
    slug: str
    provider: str
    # The hash of the secret of the browser.
    browser: str
    at: int

    def sign(self) -> str:
        """Return it as a signed text that is safe in an address."""
        return _signer(type(self)).sign_object(asdict(self))

    @classmethod
    def read(cls, text: str, now: int) -> Self:
        """Read what `sign` has written within the last minute; raises NotGood."""
        try:
            fields: dict[str, Any] = _signer(cls).unsign_object(text)
            signed = cls(**fields)
        except (signing.BadSignature, TypeError) as error:
            # By another key, or by a release that knows other fields.
            raise NotGood from error
        if not 0 <= now - signed.at <= GOOD_FOR_MS:
            raise NotGood
        return signed

    def is_of_browser(self, secret: str) -> bool:
        """Tell whether a browser with this secret has begun it."""
        return hash_secret(secret) == self.browser


@dataclass(frozen=True, kw_only=True)
class Errand(_Signed):
    """Somebody is to sign in for an election."""

    # Whether the roll may be searched by the provider's name of somebody: several providers may use the same one.
    by_subject: bool
    # Somebody else has just left this browser, so that the provider is to ask anew who is there.
    anew: bool


@dataclass(frozen=True, kw_only=True)
class Ticket(_Signed):
    """Somebody has signed in, and is this entry of the roll."""

    number: int
    issue: int

    def __repr__(self) -> str:
        # Without the entry, which would make it a line of a log that tells who votes.
        return f"Ticket({self.slug})"


def hash_secret(secret: str) -> str:
    """Return the hash by which errands and tickets know a browser."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _signer(kind: type[_Signed]) -> signing.Signer:
    return signing.Signer(salt=f"polls.sign_in.{kind.__name__}")
