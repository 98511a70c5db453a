"""Who is voting: a cookie names a visitor, and from it comes the key of one voter in one election."""

import binascii
import secrets
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from .cookies import keep_cookie
from .definition import Definition
from .kiosk import device
from .signing import Signer, url_safe

_signer = Signer(salt="polls.voters.cookie")
_roll_signer = Signer(salt="polls.voters.roll_cookie")
_kiosk_signer = signing.TimestampSigner(salt="polls.voters.kiosk_field")
# The hidden field in which a kiosk has the voter, and the seconds for which it takes a ballot with it.
KIOSK_FIELD = "kiosk_voter"
KIOSK_FIELD_AGE = 1800
# Before the number of an entry of the roll, where a visitor has the id of the cookie.
_ON_ROLL = "roll:"
# In place of a voter, in a browser that somebody has left who had signed in.
_FINISHED = "finished"
_URL_SAFE = str.maketrans("-_", "+/")


class Voter(NamedTuple):
    """A visitor as a voter in one election.

    `visitor` is the id in the cookie, for the pages alone. The ballot box knows the `key`; all ballots of one voter
    meet in one `shard`, in order. In an election with a roll `issue` is that of the code with which the voter came.
    """

    visitor: str
    key: str
    shard: int
    issue: int = 0

    def __repr__(self) -> str:
        # Without the cookie: together with the key it would be a line of a log that tells who voted.
        return f"Voter({self.key}, shard {self.shard})"


def identify(request: HttpRequest, definition: Definition) -> Voter | None:
    """Return who votes; None for a visitor without a cookie, or with one that was not signed here.

    In an election with a roll the cookie comes with a code or a sign-in, and is no proof: the roll may have changed
    since. Of a certified election nobody is known any more.
    """
    if definition.certified:
        return None
    if definition.has_roll:
        if device.find(request, definition):
            return _read_kiosk_field(request, definition)
        return _read_roll_cookie(request, definition)
    visitor = read_cookie(request)
    return None if visitor is None else derive_voter(definition, visitor)


def read_cookie(request: HttpRequest) -> str | None:
    """Return the visitor's id, None where there is none that was signed here."""
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
    keep_cookie(response, settings.VOTER_COOKIE_NAME, _signer.sign(visitor), settings.VOTER_COOKIE_AGE)


def _roll_cookie(definition: Definition) -> str:
    return f"{settings.ROLL_COOKIE_NAME}_{definition.election}"


def _read_roll_cookie(request: HttpRequest, definition: Definition) -> Voter | None:
    try:
        signed = _roll_signer.unsign(request.COOKIES.get(_roll_cookie(definition), ""))
    except signing.BadSignature:
        return None
    return _read_issue(definition, signed)


def _write_issue(definition: Definition, voter: Voter) -> str:
    return f"{definition.election}.{voter.visitor.removeprefix(_ON_ROLL)}.{voter.issue}"


def _read_issue(definition: Definition, signed: str) -> Voter | None:
    election, number, issue = map(int, signed.split("."))
    return roll_voter(definition, number, issue) if election == definition.election else None


def set_roll_cookie(response: HttpResponse, definition: Definition, voter: Voter) -> None:
    """Let the browser keep for some hours which entry of the roll somebody is, and as of which issue."""
    value = _roll_signer.sign(_write_issue(definition, voter))
    keep_cookie(response, _roll_cookie(definition), value, settings.ROLL_COOKIE_AGE)


def forget_roll_cookie(response: HttpResponse, definition: Definition) -> None:
    """Let the browser forget who has voted with it.

    Where voters sign in it remembers that somebody has finished: the provider is then to ask anew who is there.
    """
    value, age = (_FINISHED, settings.ROLL_COOKIE_AGE) if definition.providers else ("", 0)
    keep_cookie(response, _roll_cookie(definition), value, age)


def has_finished(request: HttpRequest, definition: Definition) -> bool:
    """Tell whether the last one who voted with this browser has finished."""
    return request.COOKIES.get(_roll_cookie(definition)) == _FINISHED


def write_kiosk_field(definition: Definition, voter: Voter) -> str:
    """Write who votes at a kiosk, for the form alone: a page that is asked for again knows nobody."""
    return _kiosk_signer.sign(_write_issue(definition, voter))


def _read_kiosk_field(request: HttpRequest, definition: Definition) -> Voter | None:
    try:
        signed = _kiosk_signer.unsign(request.POST.get(KIOSK_FIELD, ""), max_age=KIOSK_FIELD_AGE)
    except signing.BadSignature:
        return None
    return _read_issue(definition, signed)


def derive_voter(definition: Definition, visitor: str) -> Voter:
    """Derive the voter key: HMAC-SHA256 under the election's own secret, cut to 128 bits, 22 URL-safe characters.

    Voter keys of two elections can't be linked without their secrets, and the raw identity is stored nowhere.
    """
    bits = definition.derive(visitor)[:16]
    return Voter(visitor, url_safe(bits), _choose(bits, definition.shards))


def roll_voter(definition: Definition, number: int, issue: int = 0) -> Voter:
    """Return an entry of the roll as a voter. Ids of visitors hold no colon, so that none gives the same key."""
    return derive_voter(definition, f"{_ON_ROLL}{number}")._replace(issue=issue)


def shard_of(key: str, shards: int) -> int:
    """Return the shard in which the ballots of a voter key belong."""
    if shards == 1:
        return 0
    # Six characters hold 36 bits.
    return _choose(binascii.a2b_base64(key[:6].translate(_URL_SAFE) + "=="), shards)


def _choose(bits: bytes, shards: int) -> int:
    # The first 32 bits decide.
    return int.from_bytes(bits[:4]) % shards
