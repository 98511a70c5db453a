"""Pictures of options as files: `vote` reads them from the ballot box, `result` from PostgreSQL."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from . import ballot_box

# Pictures that a process keeps, for a hall that opens the same page.
_KEPT = 300
_kept: dict[tuple[str, str], bytes] = {}


@require_safe
def show_picture(request: HttpRequest, slug: str, picture: str) -> HttpResponse:
    """Show a picture of an election that the ballot box has; raises Unavailable."""

    def load() -> bytes | None:
        definition = ballot_box.recall_definition(slug) or ballot_box.read_definition(slug)[0]
        return ballot_box.read_picture(definition.election, picture) if definition else None

    return answer_picture(slug, picture, load)


def answer_picture(slug: str, picture: str, load: Callable[[], bytes | None]) -> HttpResponse:
    """Answer with a picture, which browsers keep for ever: its address names its content. Raises Http404."""
    content = _kept.get((slug, picture))
    if content is None:
        content = load()
        if content is None:
            raise Http404(_("There is no such picture."))
        if len(_kept) >= _KEPT:
            _kept.clear()
        _kept[slug, picture] = content
    return picture_file(content, "public, max-age=31536000, immutable")


def picture_file(content: bytes, cache_control: str) -> HttpResponse:
    """Return a picture as a file."""
    return HttpResponse(content, "image/webp", headers={"Cache-Control": cache_control})
