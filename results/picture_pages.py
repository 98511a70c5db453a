"""Pictures of results: the chart as SVG and PNG, and the card that networks show beside a link."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from polls.look import Look

from .asked_language import in_asked_language
from .open_data import open_data, problem
from .pictures import Busy
from .revalidation import Answer, revalidate
from .snapshot import Snapshot
from .views import get_snapshot

# Of the chart as PNG, so that it is sharp on a screen of today.
ZOOM = 1.5
# Seconds for which a card is not even asked about again.
CARD_AGE = 300


@open_data
@in_asked_language
def chart_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the chart as SVG."""

    def read() -> Answer:
        from .pictures import chart

        snapshot = _get_shown(slug)

        def draw() -> HttpResponse:
            return HttpResponse(chart.draw(snapshot, str), content_type="image/svg+xml")

        return Answer(snapshot.content, draw, snapshot.age)

    return revalidate(request, _name(slug, "svg"), read)


@open_data
@in_asked_language
def chart_png(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the chart as PNG."""

    def read() -> Answer:
        from .pictures import chart, fonts

        snapshot = _get_shown(slug)
        return Answer(
            snapshot.content,
            lambda: _draw(
                chart.draw(snapshot, fonts.printable), key=f"{_name(slug, 'png')} {snapshot.content}", zoom=ZOOM
            ),
            snapshot.age,
        )

    return _unless_busy(request, _name(slug, "png"), read)


@open_data
@in_asked_language
def card_png(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the card; of results that do not show it has only what was asked."""

    def read() -> Answer:
        from .pictures import card

        snapshot = get_snapshot(slug)
        svg = card.draw(snapshot, Look.read(snapshot.election.look))
        return Answer(svg, lambda: _draw(svg, key=svg, zoom=1), snapshot.age)

    return _unless_busy(request, _name(slug, "card"), read, CARD_AGE)


def _name(slug: str, form: str) -> tuple[str, ...]:
    return slug, form, get_language() or ""


def _get_shown(slug: str) -> Snapshot:
    snapshot = get_snapshot(slug)
    if snapshot.withheld:
        raise Http404(_("The result cannot be seen yet."))
    return snapshot


def _draw(svg: str, *, key: str, zoom: float) -> HttpResponse:
    from .pictures import png

    return HttpResponse(png.draw(svg, key=key, zoom=zoom), content_type="image/png")


def _unless_busy(request: HttpRequest, name: tuple[str, ...], read: Callable[[], Answer], age: int = 0) -> HttpResponse:
    try:
        return revalidate(request, name, read, max_age=age)
    except Busy:
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = "2"
        return response
