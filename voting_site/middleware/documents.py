"""Which answers browsers make a document of, in which code may run and devices be used."""

from http import HTTPStatus

from django.http.response import HttpResponseBase


def is_page(response: HttpResponseBase) -> bool:
    """Tell whether an answer is HTML, and no redirect, which is shown by nobody."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST
    return not is_redirect and response.headers.get("Content-Type", "").startswith("text/html")
