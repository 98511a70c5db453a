"""The way in by OpenID Connect: to the provider, back from it, and in."""

import logging
from http import HTTPStatus

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from openid.provider import Refused, Silent

from .entering import PASSWORDS, enter
from .openid import Unknown, find_account, provider

logger = logging.getLogger(__name__)

# In a session: where somebody wants to go.
WHERE = "openid_where"


@never_cache
def start_view(request: HttpRequest) -> HttpResponse:
    """Send somebody to the provider."""
    where = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(where, {request.get_host()}, require_https=request.is_secure())
    request.session[WHERE] = where if is_ours else reverse("admin:index")
    try:
        response: HttpResponse = provider().redirect(request, request.build_absolute_uri(reverse("openid_back")))
    except Silent as error:
        return _fail_silent(request, error)
    return response


@never_cache
def back_view(request: HttpRequest) -> HttpResponse:
    """Take somebody who comes from the provider on to `finish/`.

    The cookie of the session is not sent with a page to which another site leads; from this page of our own it is.
    """
    context = {
        **admin.site.each_context(request),
        "title": _("Log in"),
        "provider": settings.OIDC_NAME,
        "onwards": f"{reverse('openid_finish')}?{request.GET.urlencode()}",
    }
    return TemplateResponse(request, "office/openid_back.html", context)


@never_cache
def finish_view(request: HttpRequest) -> HttpResponse:
    """Sign somebody in as whom the provider names, or ask for the second factor of the account."""
    try:
        user = find_account(provider().read_claims(request))
    except Silent as error:
        return _fail_silent(request, error)
    except Refused:
        text = _("%(provider)s has not said who you are, or it took too long. Nobody is signed in; try again.")
        return _fail(request, text, HTTPStatus.FORBIDDEN)
    except Unknown:
        text = _(
            "%(provider)s knows you, but no account here has your address, as verified by it. Ask a manager of your "
            "organisation to add you with that address."
        )
        return _fail(request, text, HTTPStatus.FORBIDDEN)
    where = request.session.pop(WHERE, reverse("admin:index"))
    return HttpResponseRedirect(where) if enter(request, user, PASSWORDS, where) else redirect("second_factor")


def _fail_silent(request: HttpRequest, error: Silent) -> HttpResponse:
    logger.error("the provider of OpenID Connect does not answer as it should: %r", error.__cause__)
    text = _("%(provider)s does not answer. Try again in a moment, or sign in with your password.")
    return _fail(request, text, HTTPStatus.SERVICE_UNAVAILABLE)


def _fail(request: HttpRequest, text: str, status: HTTPStatus) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Not signed in"),
        "reason": text % {"provider": settings.OIDC_NAME},
    }
    return TemplateResponse(request, "office/openid_failed.html", context, status=status)
