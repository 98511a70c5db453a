"""What somebody sent with a form that could not be taken, so that a page can offer to send it again."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import Resolver404, resolve

Fields = list[tuple[str, str]]


def sent_fields(request: HttpRequest) -> Fields:
    """Return the fields of a form, in their order, but for the token that comes anew with each page."""
    return [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]


def kept_fields(request: HttpRequest) -> Fields | None:
    """Return the fields of a form of the administration, to be sent again; None if it must not be.

    A form that another site has made a browser send is not kept: with a token of this site it would become a valid one.
    Passwords are not kept either.
    """
    if request.method != "POST" or not is_of_this_site(request) or not is_of_administration(request):
        return None
    try:
        fields = sent_fields(request)
    except (SuspiciousOperation, UnreadablePostError, MultiPartParserError):
        return None
    return None if any("password" in name for name, _value in fields) else fields


def is_of_this_site(request: HttpRequest) -> bool:
    """Tell whether the browser says that a page of this very site has sent a form; no page can forge what it says."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def is_of_administration(request: HttpRequest) -> bool:
    """Tell whether a request is for a page of the administration behind its sign-in."""
    try:
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return False
    return match.app_name == "admin" and match.url_name not in ("login", "logout")
