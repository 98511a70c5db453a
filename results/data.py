"""Results and ballots for programs: as JSON and as tables, for scripts of any site, and again only if they changed."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from polls.methods import ContestOnBallot
from record import ballot_piles
from tabulation.files.sentences import NotWritable
from tally.models import CertifiedResult

from . import exports
from .asked_language import same_for_all_languages
from .open_data import open_data
from .revalidation import Answer, revalidate
from .snapshot import Snapshot, write_time
from .views import get_certified, get_snapshot

Make = Callable[[Snapshot], HttpResponse]


@open_data
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the snapshot."""
    translated = "translations" in request.GET

    def make(snapshot: Snapshot) -> HttpResponse:
        text = snapshot.to_json_with_translations() if translated else snapshot.to_json()
        return HttpResponse(text, content_type="application/json")

    name = (slug, "json", "translations") if translated else (slug, "json")
    return _answer(request, name, lambda: get_snapshot(slug, whole=False), make)


@open_data
def results_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the results as CSV."""

    def read() -> Snapshot:
        snapshot = get_snapshot(slug)
        if snapshot.withheld:
            raise Http404(_("The result cannot be seen yet."))
        return snapshot

    def make(snapshot: Snapshot) -> HttpResponse:
        return _file(exports.results_csv(snapshot), "text/csv", f"{slug}-results.csv")

    return _answer(request, (slug, "csv"), read, make)


@open_data
def certified_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the certified result byte for byte, so that `sha256sum` gives its hash."""

    def make(snapshot: Snapshot) -> HttpResponse:
        certified = CertifiedResult.objects.get(election=snapshot.election.pk)
        return HttpResponse(certified.text, content_type="application/json")

    return _answer(request, (slug, "certified"), lambda: get_certified(slug), make)


@open_data
def ballots_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the anonymous ballots of a certified election as CSV."""

    def make(snapshot: Snapshot) -> HttpResponse:
        text = exports.ballots_csv(exports.read_piles(snapshot.election.pk, snapshot.paper))
        return _file(text, "text/csv", f"{slug}-ballots.csv")

    return _answer(request, (slug, "ballots", "csv"), lambda: get_certified(slug), make)


@open_data
def ballots_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the anonymous ballots of a certified election as JSON."""

    def make(snapshot: Snapshot) -> HttpResponse:
        piles = exports.read_piles(snapshot.election.pk, snapshot.paper)
        text = ballot_piles.ballots_json(slug, snapshot.election.in_force, snapshot.paper, piles)
        return _file(text, "application/json", f"{slug}-ballots.json")

    return _answer(request, (slug, "ballots", "json"), lambda: get_certified(slug), make)


@open_data
def ballots_blt(request: HttpRequest, slug: str, contest: str) -> HttpResponse:
    """Return the anonymous ballots of one contest of a certified election as BLT, where that can hold them."""

    def make(snapshot: Snapshot) -> HttpResponse:
        asked = find_contest(snapshot, contest)
        pile = exports.read_piles(snapshot.election.pk, snapshot.paper)[contest]
        try:
            text = "".join(exports.ballots_blt(asked, pile, snapshot.paper.title))
        except NotWritable:
            raise Http404(_("BLT holds no grades. Take the ballots as CSV or JSON.")) from None
        return _file(text, "text/plain", f"{slug}-{contest}.blt")

    return _answer(request, (slug, "blt", contest), lambda: get_certified(slug), make)


@open_data
def ballots_cvr(request: HttpRequest, slug: str, contest: str) -> HttpResponse:
    """Return the anonymous ballots of one contest of a certified election as cast vote records by NIST SP 1500-103."""

    def make(snapshot: Snapshot) -> HttpResponse:
        asked = find_contest(snapshot, contest)
        pile = exports.read_piles(snapshot.election.pk, snapshot.paper)[contest]
        assert snapshot.certified
        generated = write_time(snapshot.certified.at)
        try:
            text = "".join(exports.ballots_cvr(asked, pile, snapshot.paper.title, generated))
        except NotWritable:
            raise Http404(
                _("There are too many votes for a record of each. Take the ballots as CSV or JSON.")
            ) from None
        return _file(text, "application/json", f"{slug}-{contest}.cvr.json")

    return _answer(request, (slug, "cvr", contest), lambda: get_certified(slug), make)


def find_contest(snapshot: Snapshot, key: str) -> ContestOnBallot:
    """Return a contest of the paper; raises Http404."""
    asked = next((one for one in snapshot.paper.contests if one.key == key), None)
    if asked is None:
        raise Http404(_("There is no such question on the paper."))
    return asked


def _answer(request: HttpRequest, name: tuple[str, ...], read: Callable[[], Snapshot], make: Make) -> HttpResponse:
    """Answer with a form of a snapshot, in which no words are of any language of the pages."""

    def find() -> Answer:
        snapshot = read()
        return Answer(snapshot.content, lambda: make(snapshot), snapshot.age)

    return same_for_all_languages(revalidate(request, name, find))


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    """Return a text as a file of this name."""
    response = HttpResponse(text, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
