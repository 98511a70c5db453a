"""The results pages: a list, a dashboard complete without JavaScript, the protocol, and files."""

import datetime as dt
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polls import methods
from polls.models import Election, Picture
from polls.paper_language import QUERY, answer_pick, choose, list_choices
from polls.picture_view import answer_picture
from tally.models import CertifiedResult, RejectedBallot

from .card import Card
from .record_shown import show_record
from .snapshot import Snapshot, read_snapshot, read_snapshots
from .wall import panels, read_walls, write_frame


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """List the elections with their results; go straight to the dashboard when there is just one."""
    snapshots = read_snapshots(Election.objects.listed(), whole=True)
    if len(snapshots) == 1:
        return redirect("dashboard", snapshots[0].election.slug)
    cards = [Card.of(one.in_language(choose(request, one.paper))) for one in snapshots]
    return render(request, "results/list.html", {"cards": cards})


@require_safe
@never_cache
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the results of one election; its script then follows the socket. With `?view=wall` they are for a hall."""
    if request.GET.get("view") == "wall":
        return show_wall(request, slug)
    picked = answer_pick(request, get_snapshot(slug, whole=False).paper) if QUERY in request.GET else None
    return picked or show(request, slug, "results/dashboard.html", has_record=True)


def show(request: HttpRequest, slug: str, template: str, *, has_record: bool = False) -> HttpResponse:
    """Show the results of one election by a template of the dashboard's kind, which may have a place for the record."""
    snapshot = get_snapshot(slug)
    language = choose(request, snapshot.paper)
    context = {
        "snapshot": snapshot.in_language(language),
        "election": snapshot.election,
        "data": snapshot.as_dict(),
        "paper_languages": list_choices(snapshot.paper, language),
        "record": show_record(snapshot.election) if has_record else None,
    }
    return render(request, template, context)


def show_wall(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the results of one election as its walls do."""
    snapshot = get_snapshot(slug)
    data = snapshot.as_dict() | {"wall": read_wall(snapshot)}
    context = {"snapshot": snapshot, "election": snapshot.election, "data": data, "panels": panels(snapshot)}
    return render(request, "results/wall.html", context)


@require_safe
@never_cache
def wall_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the frame of a wall, where its socket does not get through."""
    snapshot = get_snapshot(slug, whole=False)
    return HttpResponse(write_frame(snapshot, read_wall(snapshot)), content_type="application/json")


def read_wall(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the walls of an election are to show."""
    return read_walls([snapshot.election.pk])[snapshot.election.pk]


@require_safe
@never_cache
def contests(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the contests of a dashboard alone, for its script, which renews the working with them."""
    snapshot = get_snapshot(slug)
    shown = snapshot.in_language(choose(request, snapshot.paper))
    return render(request, "results/contests.html", {"snapshot": shown})


@require_safe
def picture(request: HttpRequest, slug: str, picture: str) -> HttpResponse:
    """Show a picture of a published election."""
    published = Election.objects.published().filter(slug=slug)
    stored = Picture.objects.filter(election__in=published.values("pk"), hash=picture)

    def load() -> bytes | None:
        content = stored.values_list("content", flat=True).first()
        return None if content is None else bytes(content)

    return answer_picture(slug, picture, load)


@require_safe
def protocol(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the protocol of a certified election, to be printed and signed."""
    return render(request, "results/protocol.html", protocol_context(get_certified(slug)))


def protocol_context(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the template of a protocol needs of a certified election."""
    # Of all its languages the one in which it was written first, whoever prints it.
    snapshot = snapshot.in_language(snapshot.paper.language)
    certified = json.loads(CertifiedResult.objects.get(election=snapshot.election.pk).text)
    account = certified["account"]
    reasons = RejectedBallot.Reason
    return {
        "snapshot": snapshot,
        "election": snapshot.election,
        "account": account,
        "counted": account["ballots"].get("counted", 0),
        "replaced": account["ballots"].get("replaced", 0),
        "set_aside": [(reasons(name).label, n) for name, n in certified["set_aside"].items()],
        "closed_at": dt.datetime.fromisoformat(certified["closed_at"]),
        "record": show_record(snapshot.election),
        "contests": [(one, methods.get(one.contest.method).label) for one in snapshot.contests],
    }


def get_certified(slug: str) -> Snapshot:
    """Return the snapshot of the certified election at `slug`; raises Http404."""
    snapshot = get_snapshot(slug)
    if snapshot.certified is None:
        raise Http404(_("No result is certified at this address."))
    return snapshot


def get_snapshot(slug: str, *, whole: bool = True) -> Snapshot:
    """Return the snapshot of the published election at `slug`, for a page if it is `whole`; raises Http404."""
    snapshot = read_snapshot(Election.objects.published().filter(slug=slug), whole=whole)
    if snapshot is None:
        raise Http404(_("There is no election at this address. Check it, or look in the list."))
    return snapshot
