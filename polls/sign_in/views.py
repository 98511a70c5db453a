"""How somebody on the roll is led to a provider, and comes back with a ticket."""

import secrets
from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from pages.context_processors import find_signin

from .. import metrics, voters
from ..code_views import get_definition_with_roll
from ..cookies import keep_cookie
from ..definition import Definition
from ..life import Phase
from ..roll import lookup
from ..views import read_mark, show_ballot, show_not_open
from ..voters import Voter, roll_voter
from .errand import Errand, NotGood, Ticket, hash_secret
from .page import name_providers, show_sign_in_page

# Seconds for which a browser may take to sign in: some providers want an account to be made first.
PATIENCE = 3600


def get_definition_with_sign_in(slug: str) -> tuple[Definition, int]:
    """Return the definition at `slug` and the box's clock in ms; raises Http404, also where voters have codes."""
    definition, now = get_definition_with_roll(slug)
    if definition.takes_codes:
        raise Http404(_("There is nothing at this address. Check it, or look in the list."))
    return definition, now


@require_safe
@never_cache
def start(request: HttpRequest, slug: str, provider: str) -> HttpResponse:
    """Lead somebody to the role that speaks with the provider."""
    definition, now = get_definition_with_sign_in(slug)
    if definition.phase(now) != Phase.OPEN:
        return show_not_open(request, definition, now, None)
    if provider not in dict(name_providers(definition)):
        raise Http404(_("There is nothing at this address. Check it, or look in the list."))
    # Kept while it waits, so that somebody who begins in two tabs can come back to both.
    secret = request.COOKIES.get(_cookie(definition)) or secrets.token_urlsafe(16)
    errand = Errand(
        election=definition.election,
        slug=definition.slug,
        provider=provider,
        browser=hash_secret(secret),
        at=now,
        by_subject=len(definition.providers) == 1,
        anew=voters.has_finished(request, definition),
    )
    metrics.count_sign_in("begun")
    response = redirect(f"{find_signin(request)}/{provider}/?{urlencode({'errand': errand.sign()})}")
    # It has to come along with the ticket, by POST, also from another site than this one.
    keep_cookie(response, _cookie(definition), secret, PATIENCE, samesite="None" if settings.BEHIND_TLS else "Lax")
    return response


@csrf_exempt
def come_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Exchange a ticket for the cookie of the voter. It comes from another role, and is bound to this browser."""
    if request.method != "POST":
        return redirect("ballot", slug)
    definition, now = get_definition_with_sign_in(slug)
    if definition.phase(now) != Phase.OPEN:
        return show_not_open(request, definition, now, None)
    try:
        ticket = Ticket.read(request.POST.get("ticket", ""), now)
    except NotGood:
        error = _("You are not in yet: it took more than a minute to come back here from the sign-in. Sign in again.")
        return _refuse(request, definition, "old-ticket", error)
    if ticket.election != definition.election or ticket.provider not in dict(name_providers(definition)):
        error = _("You are not in yet: how one signs in to this election has changed meanwhile. Sign in again.")
        return _refuse(request, definition, "changed", error)
    voter = roll_voter(definition, ticket.number, ticket.issue)
    if not ticket.is_of_browser(request.COOKIES.get(_cookie(definition), "")) and voter != voters.identify(
        request, definition
    ):
        error = _(
            "You are not in yet: the sign-in was not begun in this browser, or the browser keeps no cookies. Allow "
            "cookies for this site, and sign in again from here."
        )
        return _refuse(request, definition, "other-browser", error)
    if lookup.read_entry(definition, voter) is None:
        error = _(
            "You are not in yet: your line on the roll has changed while you signed in. Sign in again in a moment; if "
            "this comes back, ask the organiser."
        )
        return _refuse(request, definition, "changed", error)
    metrics.count_sign_in("found")
    return _let_in(definition, voter)


@require_POST
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the ballot with the marks that the page has kept, to somebody who has signed in meanwhile."""
    definition, now = get_definition_with_sign_in(slug)
    voter = voters.identify(request, definition)
    if definition.phase(now) != Phase.OPEN:
        return show_not_open(request, definition, now, read_mark(definition, voter))
    return show_ballot(request, definition, now, voter=voter, last=read_mark(definition, voter))


def _let_in(definition: Definition, voter: Voter) -> HttpResponse:
    response = HttpResponse(
        status=HTTPStatus.SEE_OTHER, headers={"Location": reverse("ballot", args=[definition.slug])}
    )
    voters.set_roll_cookie(response, definition, voter)
    # Not used again: whoever sends the ticket once more is in already, or is somebody else.
    response.delete_cookie(_cookie(definition), path=settings.COOKIE_PATH)
    return response


def _refuse(request: HttpRequest, definition: Definition, outcome: str, error: str) -> HttpResponse:
    metrics.count_sign_in(outcome)
    return show_sign_in_page(request, definition, error=error, status=HTTPStatus.FORBIDDEN)


def _cookie(definition: Definition) -> str:
    return f"{settings.SIGNIN_COOKIE_NAME}_{definition.election}"
