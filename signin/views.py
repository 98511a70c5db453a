"""The way to a provider and back: an errand comes from `vote`, and a ticket goes there."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from typing import Any

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from openid.provider import Cancelled, Provider, Refused, Silent
from pages.context_processors import site
from polls import ballot_box, metrics
from polls.sign_in.errand import Errand, NotGood, Ticket

from .matching import NotOnRoll, NotVerified, find_entry

logger = logging.getLogger(__name__)

# In a session: what has begun, by the state that the provider sends back.
ERRANDS = "errands"
# Somebody may begin in several tabs, but a cookie has room for few.
MOST_BEGUN = 3


@cache
def find_provider(key: str) -> Provider:
    """Return a provider that the settings name; raises Http404."""
    if key not in settings.SIGNIN_CLIENTS:
        raise Http404(_("There is nothing at this address. Check it, or look in the list."))
    return Provider(key, **settings.SIGNIN_CLIENTS[key])


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Lead to the elections: here is none."""
    return redirect(f"{site(request)['vote_url']}/")


@require_safe
@never_cache
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """Send somebody who comes from `vote` on to a provider."""
    asked = find_provider(provider)
    try:
        errand = Errand.read(request.GET.get("errand", ""), ballot_box.read_clock())
        if errand.provider != provider:
            raise NotGood
    except NotGood:
        text = _("This way to the sign-in was good for a minute. Open the ballot again, and sign in from there.")
        return _fail(request, provider, None, "old-errand", text, HTTPStatus.FORBIDDEN)
    _forget_oldest(request)
    state = secrets.token_urlsafe(24)
    request.session[ERRANDS] = request.session.get(ERRANDS, {}) | {state: asdict(errand)}
    back = request.build_absolute_uri(reverse("signin_back", args=[provider]))
    try:
        response: HttpResponse = asked.redirect(
            request, back, state=state, **({"prompt": "login"} if errand.anew else {})
        )
    except Silent as error:
        return _fail_silent(request, provider, errand, error)
    return response


@require_safe
@never_cache
def come_back(request: HttpRequest, provider: str) -> HttpResponse:
    """Look up who comes from the provider, and send them on to `vote` with a ticket."""
    asked = find_provider(provider)
    errand = _take_errand(request)
    try:
        claims = asked.read_claims(request)
        if errand is None or errand.provider != provider:
            raise Refused
        found = find_entry(errand.election, claims, by_subject=errand.by_subject)
    except Silent as error:
        return _fail_silent(request, provider, errand, error)
    except Cancelled:
        text = _(
            "You did not sign in with %(provider)s, or it does not let you. Nothing has happened; you can try again."
        )
        return _fail(request, provider, errand, "cancelled", text, HTTPStatus.FORBIDDEN)
    except Refused:
        text = _("%(provider)s has not said who you are, or it took too long. Open the ballot, and sign in again.")
        return _fail(request, provider, errand, "refused", text, HTTPStatus.FORBIDDEN)
    except NotVerified:
        text = _(
            "%(provider)s does not say that your e-mail address is confirmed, so that you could not be looked for on "
            "the roll. Confirm your address there, then sign in again."
        )
        return _fail(request, provider, errand, "not-verified", text, HTTPStatus.FORBIDDEN, claims)
    except NotOnRoll:
        text = _(
            "Nobody on the roll of this election is known by the account with which you have signed in. Sign in with "
            "another account, or ask the organiser to put you on the roll with this one."
        )
        return _fail(request, provider, errand, "not-on-roll", text, HTTPStatus.FORBIDDEN, claims)
    ticket = Ticket(
        election=errand.election,
        slug=errand.slug,
        provider=provider,
        browser=errand.browser,
        at=ballot_box.read_clock(),
        number=found.number,
        issue=found.issue,
    )
    metrics.count_sign_in("ticket")
    return _hand_over(request, ticket)


def _take_errand(request: HttpRequest) -> Errand | None:
    """Return what somebody began who comes back from a provider, and forget it."""
    begun = request.session.get(ERRANDS, {})
    fields = begun.pop(request.GET.get("state", ""), None)
    request.session[ERRANDS] = begun
    return Errand(**fields) if fields else None


def _forget_oldest(request: HttpRequest) -> None:
    """Make room in the session: it is a cookie, and Authlib keeps something there as well for each that has begun."""
    errands = request.session.get(ERRANDS, {})
    while len(errands) >= MOST_BEGUN:
        state = next(iter(errands))
        del errands[state]
        for name in [name for name in request.session.keys() if name.endswith(f"_{state}")]:  # noqa: SIM118
            del request.session[name]
    request.session[ERRANDS] = errands


def _hand_over(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Show the page that sends a ticket to `vote`: by POST, so that it stands in no address and no log of one."""
    vote = site(request)["vote_url"]
    context = {"action": f"{vote}/{ticket.slug}/signed-in/", "ticket": ticket.sign()}
    response = render(request, "signin/hand_over.html", context)
    nonce = request.csp_nonce  # type: ignore[attr-defined]
    response.headers[HEADER] = build_policy(replace={"form-action": [f"{vote}/"]}, nonce=nonce)
    return response


def _fail_silent(request: HttpRequest, provider: str, errand: Errand | None, error: Silent) -> HttpResponse:
    logger.error("%s, where voters sign in, does not answer as it should: %r", provider, error.__cause__)
    text = _("%(provider)s does not answer. Try again in a moment. Whoever has signed in before can vote.")
    return _fail(request, provider, errand, "silent", text, HTTPStatus.SERVICE_UNAVAILABLE)


def _fail(
    request: HttpRequest,
    provider: str,
    errand: Errand | None,
    outcome: str,
    text: str,
    status: HTTPStatus,
    claims: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Say why somebody is not in, and where to begin again; of `claims` it shows the visitor's own address."""
    metrics.count_sign_in(outcome)
    # A provider may say no without saying to what.
    latest = [one["slug"] for one in request.session.get(ERRANDS, {}).values()][-1:]
    slug = errand.slug if errand else "".join(latest)
    name = settings.SIGNIN_PROVIDERS[provider]
    context = {
        "reason": text % {"provider": name},
        "provider": name,
        "email": str(claims.get("email") or "") if claims else "",
        "back": f"{site(request)['vote_url']}/{f'{slug}/' if slug else ''}",
    }
    return render(request, "signin/failed.html", context, status=status)
