"""Who is voting: a cookie names a visitor, and from it comes the key of one voter in one election."""

import base64
import binascii
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from .definition import Definition

_signer = signing.Signer(salt="polls.voters.cookie")
_URL_SAFE = str.maketrans("-_", "+/")


def read_cookie(request: HttpRequest) -> str | None:
    """Return the visitor's id; None for a visitor without a cookie, or with one that was not signed here."""
    value = request.COOKIES.get(settings.VOTER_COOKIE_NAME)
    if value is None:
        return None
    try:
        return _signer.unsign(value)
    except signing.BadSignature:
        return None


def new_visitor() -> str:
    """Make a visitor id: 128 random bits, URL-safe."""
    return secrets.token_urlsafe(16)


def set_cookie(response: HttpResponse, visitor: str) -> None:
    """Let the browser keep the visitor id, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        settings.VOTER_COOKIE_NAME,
        _signer.sign(visitor),
        max_age=settings.VOTER_COOKIE_AGE,
        secure=settings.BEHIND_TLS,
        httponly=True,
        samesite="Lax",
    )


def voter_key(definition: Definition, visitor: str) -> str:
    """Derive the voter key: HMAC-SHA256 under the election's own secret, cut to 128 bits, 22 URL-safe characters.

    Voter keys of two elections can't be linked without their secrets, and the raw identity is stored nowhere.
    """
    return base64.urlsafe_b64encode(definition.derive(visitor)[:16]).rstrip(b"=").decode("ascii")


def shard_of(voter: str, shards: int) -> int:
    """Return the shard of a voter key; all ballots of one voter meet in one shard, in order."""
    if shards == 1:
        return 0
    # Six characters hold 36 bits, of which the first 32 decide.
    return int.from_bytes(binascii.a2b_base64(voter[:6].translate(_URL_SAFE) + "==")[:4]) % shards
