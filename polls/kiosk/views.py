"""How a device becomes a kiosk, and an ordinary browser again once the office has ended it."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import View

from .. import voters
from ..code_page import LONGEST_TYPED
from ..code_views import get_definition_with_roll, note_wrong_code
from ..definition import Definition
from ..roll import codes
from . import device
from .scanner import take_code


class OpenView(View):
    """Exchange a code that the office shows for the cookie of a kiosk."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        definition, _now = get_definition_with_roll(slug)
        return show_opening(request, definition)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        definition, now = get_definition_with_roll(slug)
        typed = take_code(request.POST.get("code", ""))
        if not typed.strip():
            return show_opening(request, definition, error=_("Type your code."), status=HTTPStatus.BAD_REQUEST)
        try:
            hashes = codes.possible_hashes(definition.election, codes.read(typed))
        except codes.Mistyped:
            error = _("There is a typing error in this code. Compare it with the screen that shows it.")
            return show_opening(request, definition, error=error, status=HTTPStatus.FORBIDDEN, typed=typed)
        found = next((one for one in definition.kiosks if one.code in hashes and now < one.until), None)
        if found is None:
            note_wrong_code(request, definition)
            error = _(
                "This code opens no kiosk: it is too old, or its kiosk was ended. Let the office show a new one. The "
                "code of a voter does not open a kiosk either."
            )
            return show_opening(request, definition, error=error, status=HTTPStatus.FORBIDDEN)
        response = HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": reverse("ballot", args=[slug])})
        device.become(response, definition, found)
        voters.forget_roll_cookie(response, definition)
        return response


def show_opening(
    request: HttpRequest, definition: Definition, *, error: str = "", status: int = HTTPStatus.OK, typed: str = ""
) -> HttpResponse:
    """Ask for the code of a kiosk."""
    context = {
        "election": definition,
        "error": error,
        "typed": typed[:LONGEST_TYPED],
        "device": device.find(request, definition),
    }
    response = render(request, "polls/kiosk/open.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a browser be an ordinary one again, once the office has ended its kiosk; before that no voter may do it."""
    definition, _now = get_definition_with_roll(slug)
    found = device.find(request, definition)
    response = redirect("ballot", slug)
    if found and not found.kiosk:
        device.leave(response, definition)
    return response
