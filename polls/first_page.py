"""The first page of voting: the list, and the field for a short address."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from . import ballot_box
from .paper_language import read_in_language
from .short_address import read_typed


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List the open elections, or go straight to the ballot when there is just one; `?all` always lists.

    A short address is sent by POST: somebody may type a voting code by mistake, which must not get into an address.
    """
    if request.method == "POST":
        return go_to(request, request.POST.get("short_address", ""))
    return show_list(request, may_skip="all" not in request.GET)


@require_safe
@never_cache
def find(request: HttpRequest, typed: str) -> HttpResponse:
    """Go to the ballot of the election with this short address, or with this address whose last slash is missing."""
    return go_to(request, typed)


def go_to(request: HttpRequest, typed: str) -> HttpResponse:
    """Go to the ballot at the short or long address that was typed; 404 if there is none, 400 if nothing was typed."""
    wanted = read_typed(typed)
    if not wanted:
        problem = _("Type the short address first: a few letters and digits, from the screen or paper in front of you.")
        return show_list(request, status=HTTPStatus.BAD_REQUEST, problem=problem)
    if slug := ballot_box.find_slug(wanted):
        return redirect("ballot", slug)
    for address in (wanted, typed):
        if ballot_box.read_definition(address)[0]:
            return redirect("ballot", address)
    problem = _("There is no election at this short address. Look at the screen or paper again, and type it once more.")
    return show_list(request, status=HTTPStatus.NOT_FOUND, problem=problem, typed=typed)


def show_list(
    request: HttpRequest,
    *,
    may_skip: bool = False,
    status: int = HTTPStatus.OK,
    problem: str = "",
    typed: str = "",
) -> HttpResponse:
    """Render the list, with what is wrong with a short address that was typed."""
    definitions, now = ballot_box.read_definitions()
    by_phase = {
        phase: sorted(
            (read_in_language(request, one) for one in definitions if one.phase(now) == phase and not one.unlisted),
            key=lambda one: one.opens_at,
        )
        for phase in ("open", "scheduled")
    }
    if may_skip and len(by_phase["open"]) == 1:
        return redirect("ballot", by_phase["open"][0].slug)
    wait = by_phase["scheduled"][0].opens_at - now if by_phase["scheduled"] else 0
    context = {**by_phase, "wait": wait, "problem": problem, "typed": typed}
    return render(request, "polls/list.html", context, status=status)
