"""Give every request an id, and measure the time from the first middleware to the answer.

The id is kept by django-guid, whose log filter and Celery integration add it to log lines and tasks. Its middleware is
not used, because it takes several times as long.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django_guid.context import guid

from polls.metrics import time_request

# The header that has the id, in requests of trusted proxies and in answers.
REQUEST_ID = "X-Request-ID"

_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def name_request(environ: Mapping[str, Any]) -> str:
    """Return the id of a request, its own or a new one, and let log lines have it."""
    name: str = environ.get("HTTP_X_REQUEST_ID", "")
    if not _ID.fullmatch(name):
        name = secrets.token_hex(16)
    guid.set(name)
    return name


class RequestMiddleware:
    """Give a request an id unless it has one, and count its answer by class of status and by time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        name = name_request(request.META)
        response = self.get_response(request)
        response.headers[REQUEST_ID] = name
        time_request(response.status_code, time.perf_counter() - started)
        return response
