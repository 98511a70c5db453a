"""Which kiosk a browser is: a cookie says so, which it gets for a code that the office shows once.

The cookie is good for as long as the office has not ended the kiosk. A browser whose kiosk has ended does not become
an ordinary one by itself: that would keep the next voter's code.
"""

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from ..cookies import keep_cookie

if TYPE_CHECKING:
    from ..definition import Definition

_signer = signing.Signer(salt="polls.kiosk.device")
COOKIE_AGE = 365 * 24 * 3600
# Seconds for which the page after a vote says that it is in, and for which a reload shows it once more.
CONFIRMED_S = 8
CONFIRMED_COOKIE_S = 20


class Kiosk(NamedTuple):
    """A kiosk that is not ended. Until the time `until` (ms) a browser becomes it by a code with the hash `code`."""

    number: int
    name: str
    code: str
    until: int


class Device(NamedTuple):
    """A browser that is a kiosk, or was one before the office has ended it."""

    number: int
    kiosk: Kiosk | None

    @property
    def network(self) -> str:
        """Name what its wrong codes are counted under: a hall behind one device is no single visitor."""
        return f"kiosk {self.number}"


def find(request: HttpRequest, definition: "Definition") -> Device | None:
    """Return which kiosk of an election a browser is, None for an ordinary browser."""
    written = request.COOKIES.get(_cookie(definition)) if definition.takes_codes else None
    if written is None:
        return None
    try:
        election, number = map(int, _signer.unsign(written).split("."))
    except signing.BadSignature:
        return None
    if election != definition.election:
        return None
    return Device(number, next((one for one in definition.kiosks if one.number == number), None))


def is_any_kiosk(request: HttpRequest) -> bool:
    """Tell whether a browser may be a kiosk of some election, while none of them can be read."""
    return any(name.startswith(f"{settings.KIOSK_COOKIE_NAME}_") for name in request.COOKIES)


def become(response: HttpResponse, definition: "Definition", kiosk: Kiosk) -> None:
    """Let a browser be a kiosk from now on."""
    value = _signer.sign(f"{definition.election}.{kiosk.number}")
    keep_cookie(response, _cookie(definition), value, COOKIE_AGE)


def leave(response: HttpResponse, definition: "Definition") -> None:
    """Let a browser be an ordinary one again."""
    keep_cookie(response, _cookie(definition), "", 0)


def note_cast(response: HttpResponse, definition: "Definition") -> None:
    """Let the next page say that a vote is in: neither whose, nor what."""
    keep_cookie(response, f"{_cookie(definition)}_cast", "1", CONFIRMED_COOKIE_S)


def forget_cast(response: HttpResponse, definition: "Definition") -> None:
    """Let no page say any more that a vote is in: the next voter is here."""
    keep_cookie(response, f"{_cookie(definition)}_cast", "", 0)


def has_just_cast(request: HttpRequest, definition: "Definition") -> bool:
    """Tell whether a vote was cast here a moment ago."""
    return request.COOKIES.get(f"{_cookie(definition)}_cast") == "1"


def _cookie(definition: "Definition") -> str:
    return f"{settings.KIOSK_COOKIE_NAME}_{definition.election}"
