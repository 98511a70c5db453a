"""What the pages say while Redis or PostgreSQL does not answer."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pages.kept_forms import kept_fields, sent_fields
from telemetry import throttled_log

from . import metrics
from .kiosk import device
from .outages import is_outage

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 2
# Seconds after which a kiosk shows a ballot no longer that could not be sent.
KIOSK_PATIENCE_S = 120


class UnreachableMiddleware:
    """Answer 503 with Retry-After when the ballot box or the database cannot be reached.

    The page carries the fields of a ballot or of a form of the office, so that one press sends the same again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return say_unavailable(request, exception) if is_outage(exception) else None


def say_unavailable(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """Answer 503 to a request that failed because of an outage."""
    cause = exception.__cause__
    # By the kinds of both errors, since their texts may differ each time.
    more = throttled_log.count_left_out(f"503: {type(exception).__name__} {type(cause).__name__}")
    if more is not None:
        logger.warning("503 for %s: %s (%s)%s", request.path, exception, cause, more)
    is_ballot = metrics.is_ballot(request)
    if is_ballot:
        metrics.count_refusal("unavailable")
    fields = sent_fields(request) if is_ballot else kept_fields(request)
    context = {"fields": fields, "is_ballot": is_ballot, "retry_after": RETRY_AFTER_S}
    response = render(request, "pages/unavailable.html", context, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    if is_ballot and device.is_any_kiosk(request):
        # Whoever has walked away must not leave the ballot to the next one.
        response["Refresh"] = f"{KIOSK_PATIENCE_S}; url={request.path}"
    return response
