"""The ballot page for visitors who have not voted yet: rendered once, then completed for each of them.

Rendering takes several times as long as the rest of a request. When a hall full of people opens the ballot, nearly
every page differs from the one before it in three places only.
"""

import copy
import secrets
from collections.abc import Hashable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import get_language

from .definition import Definition

# Placeholders for these places. They are secret, so that nobody can write them into an election's text.
_BALLOT_ID, _CSRF_TOKEN, _NONCE = (secrets.token_hex(16) for _ in range(3))
# The most pages that are kept, one for each host, language and election: anybody can send any host name.
_KEPT = 200
_pages: dict[tuple[Any, ...], bytes] = {}


def stranger_page(
    request: HttpRequest, definition: Definition, context: dict[str, Any], variant: Hashable = None
) -> HttpResponse:
    """Answer with polls/ballot.html in `context`, in which all but `ballot_id` depends on definition and `variant`."""
    key = (definition, variant, get_language(), request.scheme, request.get_host())
    page = _pages.get(key)
    if page is None:
        if len(_pages) >= _KEPT:
            _pages.clear()
        page = _pages[key] = _render(request, context)
    for mark, value in (
        (_BALLOT_ID, context["ballot_id"]),
        (_CSRF_TOKEN, csrf_token(request)),
        (_NONCE, str(getattr(request, "csp_nonce", ""))),
    ):
        page = page.replace(mark.encode(), value.encode())
    return HttpResponse(page)


def csrf_token(request: HttpRequest) -> str:
    """Return the browser's CSRF secret as a token for a form; a browser without one gets one with the answer.

    Django accepts the secret itself as well as a masked one. The mask protects a compressed page that shows a text of
    the attacker's, who could guess the secret from the page's length; this page shows only the organiser's text.
    """
    if "CSRF_COOKIE" not in request.META:
        get_token(request)
    return str(request.META["CSRF_COOKIE"])


def _render(request: HttpRequest, context: dict[str, Any]) -> bytes:
    anybodys: Any = copy.copy(request)
    anybodys.csp_nonce = _NONCE
    marked = context | {"ballot_id": _BALLOT_ID, "csrf_token": _CSRF_TOKEN}
    return render_to_string("polls/ballot.html", marked, anybodys).encode()
