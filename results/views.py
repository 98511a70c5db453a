"""The results pages: a list, a dashboard complete without JavaScript, and the snapshot as JSON."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polls.models import Election

from .card import Card
from .snapshot import Snapshot, read_snapshot, read_snapshots


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List the elections with their results; go straight to the dashboard when there is just one."""
    snapshots = read_snapshots(Election.objects.listed(), whole=True)
    if len(snapshots) == 1:
        return redirect("dashboard", snapshots[0].election.slug)
    return render(request, "results/list.html", {"cards": [Card.of(one) for one in snapshots]})


@require_safe
@never_cache
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the results of one election; its script then follows the socket."""
    snapshot = get_snapshot(slug)
    context = {"snapshot": snapshot, "election": snapshot.election, "data": snapshot.as_dict()}
    return render(request, "results/dashboard.html", context)


@require_safe
@never_cache
def contests(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the contests of a dashboard alone, for its script, which renews the working with them."""
    return render(request, "results/contests.html", {"snapshot": get_snapshot(slug)})


@require_safe
@never_cache
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the snapshot."""
    response = HttpResponse(get_snapshot(slug, whole=False).to_json(), content_type="application/json")
    # Public by nature; anybody may show these results on a page of their own.
    response["Access-Control-Allow-Origin"] = "*"
    return response


def get_snapshot(slug: str, *, whole: bool = True) -> Snapshot:
    """Return the snapshot of the published election at `slug`, for a page if it is `whole`; raises Http404."""
    snapshot = read_snapshot(Election.objects.published().filter(slug=slug), whole=whole)
    if snapshot is None:
        raise Http404(_("There is no election at this address. Check it, or look in the list."))
    return snapshot
