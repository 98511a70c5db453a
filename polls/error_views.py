"""The error pages of every role: each says what to do next."""

import logging
import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token

from telemetry import throttled_log

from . import metrics
from .code_views import show_unmatched_code
from .middleware import say_unavailable
from .outages import find_outage
from .views import show_unmatched

logger = logging.getLogger(__name__)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form that does not come from this site's own page: 403; a ballot comes back filled in, to be sent again.

    Of two pages that were opened without a cookie the second one has replaced what the first one's form has to match.
    """
    match = request.resolver_match
    if match and metrics.is_ballot(request):
        metrics.count_refusal("csrf")
        return show_unmatched(request, **match.kwargs)
    if match and match.view_name == "code":
        return show_unmatched_code(request, **match.kwargs)
    message = _(
        "The form could not be matched to your browser. Allow cookies for this site, reload the page and try again."
    )
    return show_error(request, HTTPStatus.FORBIDDEN, _("Not accepted"), message)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Refuse a request that cannot be read: 400, or 503 if its session could not be saved because of an outage."""
    if unavailable := _blame_outage(request, exception):
        return unavailable
    message = _("The request could not be read, so nothing was done. Go back, reload the page and try again.")
    return show_error(request, HTTPStatus.BAD_REQUEST, _("Not understood"), message)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Refuse what the visitor may not do: 403."""
    message = _("You may not open this page. If you think that you should, ask the organiser of the election.")
    return show_error(request, HTTPStatus.FORBIDDEN, _("Not allowed"), message)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that nothing is at this address: 404."""
    message = _("There is nothing at this address. Check it, or look in the list.")
    return show_error(request, HTTPStatus.NOT_FOUND, _("Not found"), message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke: 500, or 503 if it is an outage that no middleware has seen."""
    if unavailable := _blame_outage(request, sys.exc_info()[1]):
        return unavailable
    message = _("Something broke on our side, and has been noted. Try again in a moment.")
    return show_error(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("Something broke"), message)


def _blame_outage(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Answer 503 if an outage caused the error; an error raised in middleware does not reach `process_exception`.

    The session middleware takes any error of the database for a deleted session, which would be a 400.
    """
    outage = find_outage(error)
    if outage is None:
        return None
    if outage is not error:
        # The log leaves out Django's own line for a 503, and this error may be a bug in the code that met the outage.
        more = throttled_log.count_left_out(f"an outage led to {type(error).__name__}")
        if more is not None:
            logger.warning("an outage led to another error%s", more, exc_info=error)
    return say_unavailable(request, outage)


def show_error(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    """Render an error page: a title, and a sentence that says what to do next."""
    context = {"status": int(status), "title": title, "message": message}
    response = render(request, "pages/error.html", context, status=status)
    # Browsers keep some error pages without being told to, and a nonce with the page.
    response["Cache-Control"] = "no-store"
    return response
