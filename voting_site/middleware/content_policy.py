"""What a page may load and run (Content-Security-Policy): the policy of the settings, with a nonce for each answer."""

import secrets
from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse

# Placeholder for the nonce in the policy. django-csp builds it only once, since that takes longer than a page.
_NONCE = "{nonce}"


class ContentPolicyMiddleware:
    """Give each request a `csp_nonce` for its scripts and styles, and its answer a policy with this nonce."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._policy = build_policy(nonce=_NONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self._policy.replace(_NONCE, nonce))
        return response
