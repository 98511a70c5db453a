"""Pages that are the same for many visitors but in two or three places: rendered once, then completed for each.

Rendering takes several times as long as the rest of a request. When a hall full of people opens the ballot and votes,
nearly every page differs from the one before it in its nonce, its CSRF token and its ballot id only.
"""

import copy
import secrets
from collections.abc import Callable, Hashable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import get_language

# Placeholders for these places. They are secret, so that nobody can write them into an election's text.
_BALLOT_ID, _CSRF_TOKEN, _NONCE = (secrets.token_hex(16).encode() for _ in range(3))
# The most pages that are kept, one for each host, language and election: anybody can send any host name.
_KEPT = 200
_pages: dict[tuple[Any, ...], bytes] = {}


def kept_page(
    request: HttpRequest,
    template: str,
    make_context: Callable[[], dict[str, Any]],
    *,
    variant: Hashable,
    ballot_id: str = "",
) -> HttpResponse:
    """Answer with a template in the context that is made, in which all but `ballot_id` depends on `variant`."""
    key = (template, variant, get_language(), request.scheme, request.get_host())
    page = _pages.get(key)
    if page is None:
        if len(_pages) >= _KEPT:
            _pages.clear()
        page = _pages[key] = _render(request, template, make_context())
    page = page.replace(_NONCE, str(getattr(request, "csp_nonce", "")).encode())
    page = page.replace(_BALLOT_ID, ballot_id.encode())
    # Only for a page with a form: who has no token yet gets one with it.
    if _CSRF_TOKEN in page:
        page = page.replace(_CSRF_TOKEN, csrf_token(request).encode())
    return HttpResponse(page)


def csrf_token(request: HttpRequest) -> str:
    """Return the browser's CSRF secret as a token for a form; a browser without one gets one with the answer.

    Django accepts the secret itself as well as a masked one. The mask protects a compressed page that shows a text of
    the attacker's, who could guess the secret from the page's length; this page shows only the organiser's text.
    """
    if "CSRF_COOKIE" not in request.META:
        get_token(request)
    return str(request.META["CSRF_COOKIE"])


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> bytes:
    anybodys: Any = copy.copy(request)
    anybodys.csp_nonce = _NONCE.decode()
    marked = context | {"ballot_id": _BALLOT_ID.decode(), "csrf_token": _CSRF_TOKEN.decode()}
    return render_to_string(template, marked, anybodys).encode()
