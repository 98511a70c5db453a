"""Results for programs: the snapshot as JSON and as a table, for scripts of any site, and again only if it changed."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from . import exports
from .asked_language import same_for_all_languages
from .open_data import open_data
from .revalidation import Answer, revalidate
from .snapshot import Snapshot
from .views import file_response, get_snapshot


@open_data
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the snapshot."""

    def make(snapshot: Snapshot) -> HttpResponse:
        return HttpResponse(snapshot.to_json(), content_type="application/json")

    return same_for_all_languages(answer(request, slug, "json", make, whole=False))


@open_data
def results_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the results as CSV."""

    def make(snapshot: Snapshot) -> HttpResponse:
        return file_response(exports.results_csv(snapshot), "text/csv", f"{slug}-results.csv")

    return same_for_all_languages(answer(request, slug, "csv", make))


def answer(
    request: HttpRequest,
    slug: str,
    form: str,
    make: Callable[[Snapshot], HttpResponse],
    *,
    whole: bool = True,
) -> HttpResponse:
    """Answer with a form of the snapshot; raises Http404, also for a form that there is only of results that show."""

    def read() -> Answer:
        snapshot = get_snapshot(slug, whole=whole)
        if whole and snapshot.withheld:
            raise Http404(_("The result cannot be seen yet."))
        return Answer(snapshot.content, lambda: make(snapshot))

    return revalidate(request, (slug, form), read)
