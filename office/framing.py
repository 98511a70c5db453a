"""Pages of the administration inside of others: previews, which stand in frames of the width of a device."""

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpResponse


def with_frames(response: HttpResponse) -> HttpResponse:
    """Let a page show others of this site in frames."""
    return _with_policy(response, "frame-src")


def in_frame(response: HttpResponse) -> HttpResponse:
    """Let a page be shown in a frame of this site, and of no other."""
    response["X-Frame-Options"] = "SAMEORIGIN"
    return _with_policy(response, "frame-ancestors")


def _with_policy(response: HttpResponse, directive: str) -> HttpResponse:
    response[HEADER] = build_policy(replace={directive: ["'self'"]})
    return response
