"""Time every request, from the first middleware to the answer."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from polls.metrics import time_request


class TimingMiddleware:
    """Count each answer by the class of its status, and the time it took."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        time_request(response.status_code, time.perf_counter() - started)
        return response
