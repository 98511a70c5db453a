"""How somebody on the roll comes in with a voting code, and leaves again on a shared device."""

import math
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.generic import View

from . import metrics, voters
from .code_page import kept_marks, show_code_page
from .definition import Definition
from .kiosk import device
from .kiosk.scanner import take_code
from .life import Phase
from .networks import network_of
from .paper_language import COOKIE, QUERY
from .roll import lookup
from .roll.codes import Mistyped
from .views import get_definition, read_mark, show_ballot, show_not_open


class CodeView(View):
    """Exchange a code for a signed cookie. The code stays in no address, and nothing writes it down."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Lead somebody who reloads, or picks a language, back to the page that asks for the code."""
        query = f"?{urlencode({QUERY: request.GET[QUERY]})}" if QUERY in request.GET else ""
        return redirect(reverse("ballot", args=[slug]) + query)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        definition, now = get_definition_with_codes(slug)
        phase = definition.phase(now)
        if phase not in (Phase.OPEN, Phase.SCHEDULED):
            return show_not_open(request, definition, now, None)
        here = device.find(request, definition)
        if here and not here.kiosk:
            return show_code_page(request, definition)
        typed = request.POST.get("code", "")
        if here:
            typed = take_code(typed)
        if not typed.strip():
            return show_code_page(request, definition, error=_("Type your code."), status=HTTPStatus.BAD_REQUEST)
        try:
            voter = lookup.find_voter(definition, typed)
        except Mistyped:
            metrics.count_code("mistyped")
            error = _(
                "There is a typing error in this code, so it was not looked up. Compare it with your card, character "
                "by character. Codes hold no I, L, O, U or V, and neither 0 nor 1."
            )
            return show_code_page(request, definition, error=error, status=HTTPStatus.FORBIDDEN, typed=typed)
        if voter is None:
            return refuse(request, definition)
        metrics.count_code("found")
        if phase == Phase.OPEN and (here or kept_marks(request, definition)):
            response = show_ballot(request, definition, now, voter=voter, last=read_mark(definition, voter))
        elif here:
            response = show_not_open(request, definition, now, None)
        else:
            response = HttpResponse(
                status=HTTPStatus.SEE_OTHER, headers={"Location": reverse("ballot", args=[definition.slug])}
            )
        if here:
            device.forget_cast(response, definition)
        else:
            voters.set_roll_cookie(response, definition, voter)
        return response


def get_definition_with_roll(slug: str) -> tuple[Definition, int]:
    """Return the definition at `slug` and the box's clock in ms; raises Http404, also for one without a roll."""
    definition, now = get_definition(slug)
    if not definition.has_roll:
        raise Http404(_("There is nothing at this address. Check it, or look in the list."))
    return definition, now


def get_definition_with_codes(slug: str) -> tuple[Definition, int]:
    """Return the definition at `slug` and the box's clock in ms; raises Http404, also for one that takes no codes."""
    definition, now = get_definition_with_roll(slug)
    if not definition.takes_codes:
        raise Http404(_("There is nothing at this address. Check it, or look in the list."))
    return definition, now


def note_wrong_code(request: HttpRequest, definition: Definition) -> int:
    """Note a wrong code of a visitor, or of a kiosk; return how many seconds the next wrong one has to wait."""
    here = device.find(request, definition)
    network = here.network if here else network_of(request.META["REMOTE_ADDR"])
    return math.ceil(lookup.note_wrong_code(definition, network) / 1000)


def refuse(request: HttpRequest, definition: Definition) -> HttpResponse:
    """Refuse a code that nobody has, or has any more; which of them it is stays untold."""
    wait = note_wrong_code(request, definition)
    if wait:
        metrics.count_code("too-many")
        error = ngettext(
            "This code is not valid in this election, and many wrong ones were typed. Look at your card, and try again "
            "in a second. A right code always gets in.",
            "This code is not valid in this election, and many wrong ones were typed. Look at your card, and try again "
            "in %(seconds)s seconds. A right code always gets in.",
            wait,
        ) % {"seconds": wait}
        return show_code_page(request, definition, error=error, status=HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    metrics.count_code("unknown")
    error = _(
        "This code is not valid in this election. If you have got a newer card, its code is the one that is valid. "
        "If not, ask the organiser for a new one."
    )
    return show_code_page(request, definition, error=error, status=HTTPStatus.FORBIDDEN)


def show_unmatched_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask again for a code that came without this site's own form: 403."""
    definition, _now = get_definition_with_codes(slug)
    error = _("The form could not be matched to your browser. Allow cookies for this site, then type your code again.")
    return show_code_page(request, definition, error=error, status=HTTPStatus.FORBIDDEN)


@require_POST
def finish(request: HttpRequest, slug: str) -> HttpResponse:
    """Let this browser forget who has voted with it, so that the next person can."""
    definition, _now = get_definition_with_roll(slug)
    response = HttpResponse(
        status=HTTPStatus.SEE_OTHER, headers={"Location": reverse("ballot", args=[definition.slug])}
    )
    voters.forget_roll_cookie(response, definition)
    response.delete_cookie(COOKIE)
    return response
