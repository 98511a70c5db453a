"""Requests as Django builds them, but always read as UTF-8, whatever character set the client names.

Browsers send forms in the character set of the page, which is UTF-8 here. Django would read another character set from
the header while it builds the request, where nothing catches an error: a codec that is not for text (`hex`), or an
address with too many fields, would be answered with 500.
"""

import re
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property

# Hosts that were found good, by header and scheme. A service has few of them.
KNOWN_HOSTS = 100
_known_hosts: dict[tuple[str, str], str] = {}
# A form without anything to decode but colons: most votes are one.
_PLAIN = re.compile(rb"[\w.~&=*-]*(?:%3A[\w.~&=*-]*)*", re.ASCII)
USUAL_PORTS = {"http": ":80", "https": ":443"}


class LeanRequest(HttpRequest):
    """A request in the encoding of settings.DEFAULT_CHARSET, whose host and scheme are found once, not at each use."""

    @property
    def encoding(self) -> None:
        return None

    @encoding.setter
    def encoding(self, _: str) -> None:
        pass

    @cached_property
    def scheme(self) -> str | None:
        return super().scheme

    @cached_property
    def _host(self) -> str:
        asked = (self.META.get("HTTP_HOST", ""), self.scheme or "")
        host = _known_hosts.get(asked)
        if host is None:
            # Browsers leave the usual port out of an Origin, and some clients write it into the Host.
            host = super().get_host().removesuffix(USUAL_PORTS.get(asked[1], ""))
            if asked[0] and len(_known_hosts) < KNOWN_HOSTS:
                _known_hosts[asked] = host
        return host

    def get_host(self) -> str:
        return self._host


class LeanWsgiRequest(LeanRequest, WSGIRequest):
    """The same for WSGI."""


class VotersRequest(LeanWsgiRequest):
    """What checks of a voter read of a request: headers, cookies, host, method and form, and no address or body."""

    # An attribute like any other: the form is read already.
    POST: QueryDict = QueryDict()  # type: ignore[assignment]

    def __init__(self, environ: dict[str, Any], form: QueryDict) -> None:
        # Without that of WSGIRequest, which reads an address and a type of content that nothing here asks for.
        self.environ = self.META = environ
        self.method = environ["REQUEST_METHOD"]
        self.POST = form


class Form(QueryDict):
    """A form that may be changed, as Django reads it from the body of a request, with shorter ways to fields.

    They are text, and one that is not there is no error.
    """

    def __init__(self, body: bytes, mutable: bool = True, encoding: str = "utf-8") -> None:
        is_plain = body and _PLAIN.fullmatch(body)
        if not is_plain or body.count(b"&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
            super().__init__(body, mutable=mutable, encoding=encoding)
            return
        dict.__init__(self)
        self._encoding = "utf-8"
        for field in body.replace(b"%3A", b":").decode().split("&"):
            if field:
                name, _equals, value = field.partition("=")
                dict.setdefault(self, name, []).append(value)  # type: ignore[misc]

    def appendlist(self, key: Any, value: Any) -> None:
        self._assert_mutable()  # type: ignore[attr-defined]
        dict.setdefault(self, key, []).append(value)  # type: ignore[misc]

    def getlist(self, key: Any, default: Any = None) -> Any:
        return list(dict.get(self, key) or default or ())

    def get(self, key: Any, default: Any = None) -> Any:
        values = dict.get(self, key)
        return values[-1] if values else default


class LeanAsgiRequest(LeanRequest, ASGIRequest):
    """The same for ASGI."""
