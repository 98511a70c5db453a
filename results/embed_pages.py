"""Results for other websites: the page that they show in a frame, and oEmbed, by which editors make that frame."""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pages.context_processors import site

from .asked_language import in_asked_language
from .embedding import describe, framable
from .open_data import open_data, problem
from .views import get_snapshot, show

# The pages of which oEmbed tells.
_TOLD = ("dashboard", "embed")


@require_safe
@never_cache
@in_asked_language
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the results of one election alone; its script then follows the socket."""
    return framable(request, show(request, slug, "results/embed.html"))


@open_data
@in_asked_language
def oembed(request: HttpRequest) -> HttpResponse:
    """Say how to show the results page at the address `url`, in JSON (https://oembed.com)."""
    if request.GET.get("format", "json") != "json":
        return problem(HTTPStatus.NOT_IMPLEMENTED)
    try:
        most = _read_pixels(request, "maxwidth"), _read_pixels(request, "maxheight")
    except ValueError:
        return problem(HTTPStatus.BAD_REQUEST)
    result_url = site(request)["result_url"]
    slug = _find_slug(request.GET.get("url", ""), result_url)
    return JsonResponse(describe(result_url, slug, get_snapshot(slug, whole=False).paper, most=most))


def _read_pixels(request: HttpRequest, name: str) -> int | None:
    """Return a limit in pixels, None where there is none; raises ValueError."""
    text = request.GET.get(name, "")
    if not text:
        return None
    pixels = int(text)
    if not 1 <= pixels <= 100_000:
        raise ValueError(name)
    return pixels


def _find_slug(url: str, result_url: str) -> str:
    """Return the election of which this is the address of results; raises Http404."""
    own = urlsplit(result_url)
    try:
        asked = urlsplit(url)
        match = resolve(asked.path.removeprefix(own.path))
    except (ValueError, Resolver404):
        match = None
    if match is None or asked.netloc != own.netloc or match.url_name not in _TOLD:
        raise Http404(_("There is no election at this address. Check it, or look in the list."))
    return str(match.kwargs["slug"])
