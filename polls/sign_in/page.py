"""The page on which somebody on the roll chooses where to sign in."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..code_page import kept_marks
from ..definition import Definition
from ..paper_language import choose, list_choices
from ..voters import has_finished


def show_sign_in_page(
    request: HttpRequest, definition: Definition, *, error: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    """Offer the providers; marks that came with the request are kept on the page, for when the voter is back."""
    kept = kept_marks(request, definition)
    language = choose(request, definition)
    context = {
        "election": definition.in_language(language),
        # A link would leave the marks behind.
        "paper_languages": [] if kept else list_choices(definition, language),
        "error": error,
        "providers": name_providers(definition),
        "kept": kept,
        "has_finished": has_finished(request, definition),
    }
    response = render(request, "polls/sign_in.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def name_providers(definition: Definition) -> list[tuple[str, str]]:
    """Return the providers of an election, each with its name; without those that the settings do not know any more."""
    known = settings.SIGNIN_PROVIDERS
    return [(key, known[key]) for key in definition.providers if key in known]
