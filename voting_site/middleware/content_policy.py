"""What an answer may load and run (Content-Security-Policy): the policy of the settings, with a nonce for each page."""

import secrets
from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse

from .documents import is_page

# For answers that are no pages: styles, scripts, pictures, JSON, redirects.
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Placeholder for the nonce in the policy. django-csp builds it only once, since that takes longer than a page.
_NONCE = "{nonce}"


class ContentPolicyMiddleware:
    """Give each request a `csp_nonce` for its scripts and styles, and a page the policy with this nonce."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._policy = build_policy(nonce=_NONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self._policy.replace(_NONCE, nonce) if is_page(response) else _NOTHING)
        return response
