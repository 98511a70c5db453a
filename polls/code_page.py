"""The page that asks somebody on the roll for a voting code."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .definition import Definition
from .forms import OWN_FIELDS
from .kiosk import device
from .paper_language import choose, list_choices
from .roll import codes

# What is kept of what somebody typed, to be mended.
LONGEST_TYPED = 80


def show_code_page(
    request: HttpRequest,
    definition: Definition,
    *,
    error: str = "",
    status: int = HTTPStatus.OK,
    typed: str = "",
    wait: int = 0,
) -> HttpResponse:
    """Ask for a code; marks that came with the request are kept on the page, and come back with the code.

    A kiosk keeps none: the next voter may be another one.
    """
    here = device.find(request, definition)
    language = choose(request, definition)
    kept = [] if here else kept_marks(request, definition)
    context = {
        "election": definition.in_language(language),
        # A link would leave the marks behind.
        "paper_languages": [] if kept else list_choices(definition, language),
        "error": error,
        "typed": typed[:LONGEST_TYPED],
        "longest": LONGEST_TYPED,
        "length": codes.LENGTH,
        "groups": codes.LENGTH // codes.GROUP,
        "kept": kept,
        "device": here,
        "was_left": "left" in request.GET,
    }
    template = "polls/kiosk/card.html" if here else "polls/code.html"
    if here and not here.kiosk:
        template, status = "polls/kiosk/ended.html", HTTPStatus.FORBIDDEN
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    if wait:
        response["Retry-After"] = str(wait)
    return response


def kept_marks(request: HttpRequest, definition: Definition) -> list[tuple[str, str]]:
    """Return the marks that a request brings, as fields of a form; what could be a code or a ticket is left out."""
    keys = {contest.key for contest in definition.contests} - OWN_FIELDS - {"code", "ticket"}
    return [
        (name, value) for name, values in request.POST.lists() if name.partition(":")[0] in keys for value in values
    ]
