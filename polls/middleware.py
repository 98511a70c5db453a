"""What the pages say while Redis or PostgreSQL does not answer."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import metrics
from .outages import is_outage

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 2


class UnreachableMiddleware:
    """Answer 503 with Retry-After when the ballot box or the database cannot be reached.

    The page carries the fields of a ballot that was sent, so that one press sends the same ballot again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return say_unavailable(request, exception) if is_outage(exception) else None


def say_unavailable(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """Answer 503 to a request that failed because of an outage."""
    logger.warning("503 for %s: %s (%s)", request.path, exception, exception.__cause__)
    if metrics.is_ballot(request):
        metrics.count_refusal("unavailable")
    context = {"fields": ballot_fields(request), "retry_after": RETRY_AFTER_S}
    response = render(request, "pages/unavailable.html", context, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def ballot_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of the ballot that a request carries; none of any other form, such as a sign-in."""
    if not metrics.is_ballot(request):
        return []
    return [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
