"""Answers that scripts of any site may read: public, the same for everybody, and never with anybody's cookies."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

View = Callable[..., HttpResponse]
METHODS = ("GET", "HEAD", "OPTIONS")
# Seconds for which a browser remembers that it may ask.
_REMEMBERED = 86400


def open_data(view: View) -> View:
    """Let scripts of other sites read what a view answers, and that there is nothing."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            response = _allow()
        elif request.method not in METHODS:
            response = HttpResponseNotAllowed(METHODS)
        else:
            try:
                response = view(request, *args, **kwargs)
            except Http404 as error:
                response = problem(HTTPStatus.NOT_FOUND, str(error))
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return answer


def problem(status: HTTPStatus, detail: str = "") -> HttpResponse:
    """Return an error as programs read it (RFC 9457); its `detail`, if any, is a sentence for people."""
    fields = {"status": status.value, "title": status.phrase} | ({"detail": detail} if detail else {})
    return JsonResponse(fields, status=status, content_type="application/problem+json")


def _allow() -> HttpResponse:
    """Answer a browser that asks whether a script may send a header of its own: the tag of what it has."""
    return HttpResponse(
        status=HTTPStatus.NO_CONTENT,
        headers={
            "Access-Control-Allow-Methods": ", ".join(METHODS),
            "Access-Control-Allow-Headers": "If-None-Match",
            "Access-Control-Max-Age": str(_REMEMBERED),
        },
    )
