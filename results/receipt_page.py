"""The page on which a voter gets a receipt, and where anybody checks one."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polls import methods
from polls.design import Paper
from polls.methods import ContestOnBallot
from polls.methods.grading import Graded
from polls.models import Shows
from polls.paper_language import choose
from record import reading
from record.formats.encodings import Malformed
from record.formats.tree import leaf_hash
from record.models import Log

from .record_files import get_record
from .record_shown import show_log
from .snapshot import Snapshot
from .views import get_snapshot


@require_safe
@never_cache
def receipt(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the receipt that `?entry=` names, if any, and let everybody check one that they have kept."""
    snapshot = get_snapshot(slug, whole=False)
    log = get_record(slug)
    shown = snapshot.in_language(choose(request, snapshot.paper))
    record = show_log(log, snapshot.election.witness_quorum)
    checkable = shown.paper.checkable
    context: dict[str, Any] = {
        "election": snapshot.election,
        "snapshot": shown,
        "log": log,
        "record": record,
        "checkable": checkable,
        "labels": name_markings(shown.paper) if checkable else {},
    }
    named = request.GET.get("entry")
    if named is not None:
        context |= find_receipt(log, snapshot, named)
    return render(request, "results/receipt.html", context)


def name_markings(paper: Paper) -> dict[str, dict[str, Any]]:
    """Return by the keys of contests and options what voters read on the paper, so that a marking can be read."""
    return {
        contest.key: {
            "title": contest.title or paper.title,
            "options": {option.key: option.label for option in contest.options},
            "grades": name_grades(contest),
        }
        for contest in paper.contests
    }


def name_grades(contest: ContestOnBallot) -> dict[int, str]:
    """Return the words for the numbers that options are given, none for a method without grades."""
    method = methods.get(contest.method)
    return {number: str(word) for number, word in method.choices(contest)} if isinstance(method, Graded) else {}


def find_receipt(log: Log, snapshot: Snapshot, named: str) -> dict[str, Any]:
    """Return what the template needs of a receipt: its state, and its place and hash once it has a place."""
    if not named:
        return {"state": "unknown"}
    try:
        place = reading.find_place(log, named)
    except Malformed:
        raise Http404(_("No entry of this record has this receipt.")) from None
    if place is None:
        if snapshot.withheld == Shows.HIDDEN:
            return {"state": "held-back", "named": named}
        in_steps = snapshot.paper.step > 1 and not snapshot.final
        return {"state": "in-steps" if in_steps else "waiting", "named": named}
    [entry] = reading.read_entries(log, place, 1)
    return {"state": "placed", "named": named, "place": place, "hash": leaf_hash(entry).hex()}
