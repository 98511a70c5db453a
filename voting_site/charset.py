"""Requests that are read as UTF-8, whatever character set their sender names.

Browsers send forms in the character set of the page, and ours are in UTF-8. Django takes another one from the header
while it builds the request, where nobody catches what comes of that: a codec that is none for text (`hex`), or an
address with too many fields, would be answered with 500.
"""

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest


class Utf8Mixin(HttpRequest):
    """A request whose encoding is settings.DEFAULT_CHARSET."""

    @property
    def encoding(self) -> None:
        return None

    @encoding.setter
    def encoding(self, _: str) -> None:
        pass


class Utf8WsgiRequest(Utf8Mixin, WSGIRequest):
    """The same for WSGI."""


class Utf8AsgiRequest(Utf8Mixin, ASGIRequest):
    """The same for ASGI."""
