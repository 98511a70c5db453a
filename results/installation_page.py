"""The page of the log of the installation: what it is, and what it has entered last."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from record.cosignatures import find_cosignatures, write_head
from record.event import Event, Kind
from record.models import InstallationEvent

from .record_files import get_installation_log

# Events that the page shows; all of them are in the files.
NEWEST = 50


@require_safe
@never_cache
def installation(request: HttpRequest) -> HttpResponse:
    """Show the newest events of the log of the installation, and its head."""
    log = get_installation_log()
    rows = InstallationEvent.objects.filter(place__lt=log.size).order_by("-place")[:NEWEST]
    cosignatures = find_cosignatures(log)
    context = {
        "log": log,
        "head": write_head(log, cosignatures).decode(),
        "witnesses": [one.name for one in cosignatures],
        "events": [describe(row) for row in rows],
        "time_zone": settings.TIME_ZONE,
    }
    return render(request, "results/installation.html", context)


def describe(row: InstallationEvent) -> dict[str, Any]:
    """Return what the template needs of an event: when it was entered, of which election, its kind and what it says."""
    event = Event.parse(row.entry.encode())
    shown: dict[str, Any] = {"at": row.added_at, "place": row.place, "election": event.election, "kind": event.kind}
    match event.kind:
        case Kind.FROZEN:
            return shown | {"hash": event.says[0], "since": dt.datetime.fromisoformat(event.says[1])}
        case Kind.CLOSED:
            return shown | {"since": dt.datetime.fromisoformat(event.says[0])}
        case Kind.CHECKPOINT:
            return shown | {"size": int(event.says[1]), "hash": event.says[2]}
        case Kind.RESULT:
            return shown | {"hash": event.says[0]}
