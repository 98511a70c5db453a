"""What the pages say while a part that they need is away."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import ballot_box

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 2
# A schema that is not there yet raises ProgrammingError; the roles do not wait for the migration.
AWAY = (ballot_box.Unavailable, OperationalError, InterfaceError, ProgrammingError)


class UnreachableMiddleware:
    """Answer 503 with Retry-After when the ballot box or the database cannot be reached.

    The page carries the fields that were sent, so that the same ballot goes out again at one press.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, AWAY):
            return None
        logger.warning("503 for %s: %s", request.path, exception)
        fields = [
            (name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"
        ]
        context = {"fields": fields, "retry_after": RETRY_AFTER_S}
        response = render(request, "polls/unavailable.html", context, status=503)
        response["Retry-After"] = str(RETRY_AFTER_S)
        response["Cache-Control"] = "no-store"
        return response
