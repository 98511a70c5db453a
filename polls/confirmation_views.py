"""The page after a vote: it says that the ballot is accepted, and later that it is counted."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pages.context_processors import site

from . import ballot_box, voters
from .cached_page import kept_page
from .definition import Definition
from .kiosk import device
from .paper_language import choose, read_in_language
from .views import get_definition, look, read_mark
from .voters import Voter

# States of a ballot that has its entry in the public record.
IN_RECORD = ("counted", "replaced")


@require_safe
def cast(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm that a ballot is accepted, and later that it is counted."""
    definition, now, voter, mark = look(request, slug)
    if here := device.find(request, definition):
        response = confirm_at_kiosk(request, definition, here)
    else:
        language = choose(request, definition)
        told = {
            "state": mark.state if mark else "",
            "has_code": definition.has_roll and voter is not None,
            "may_change": not definition.votes_final and definition.phase(now) == "open",
        }
        variant = (definition, language, *told.values())
        response = kept_page(
            request, "polls/cast.html", lambda: {"election": definition.in_language(language), **told}, variant=variant
        )
    response["Cache-Control"] = "no-store"
    return response


def confirm_at_kiosk(request: HttpRequest, definition: Definition, here: device.Device) -> HttpResponse:
    """Confirm a vote for some seconds to whoever stands before a kiosk; then the next voter has the page."""
    if not device.has_just_cast(request, definition):
        return redirect("ballot", definition.slug)
    context = {"election": read_in_language(request, definition), "device": here, "seconds": device.CONFIRMED_S}
    return render(request, "polls/kiosk/cast.html", context)


@require_safe
def cast_state(request: HttpRequest, slug: str) -> JsonResponse:
    """Tell the confirmation page's script what has become of the ballot."""
    definition = ballot_box.recall_definition(slug) or get_definition(slug)[0]
    state = read_state(definition, voters.identify(request, definition))
    return JsonResponse({"state": state}, headers={"Cache-Control": "no-store"})


@require_safe
@never_cache
def receipt(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a voter whose ballot is counted to the receipt of it, on the results pages.

    What opens the entry goes along behind a #, where no server sees it. It may be too long for a header.
    """
    definition, _now, _voter, mark = look(request, slug)
    if mark is None or mark.state not in IN_RECORD or device.find(request, definition):
        return redirect("cast", slug)
    address = f"{site(request)['result_url']}/{slug}/receipt/?entry={mark.receipt}"
    if not mark.opening:
        return redirect(address)
    context = {"election": read_in_language(request, definition), "address": f"{address}#open-{mark.opening}"}
    return render(request, "polls/receipt.html", context)


def read_state(definition: Definition, voter: Voter | None) -> str:
    """Return what has become of a voter's last ballot: accepted, counted, replaced, set-aside, or ''."""
    mark = read_mark(definition, voter)
    return mark.state if mark else ""
