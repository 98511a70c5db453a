"""Results in a frame on other websites: who may show them, how large the frame is, and the HTML to copy."""

from typing import Any

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from polls.design import Paper

# Pixels: what a frame has if nobody says otherwise. The page fits into any width from that of a small phone on.
WIDTH = 560
TALLEST = 800
# What stands around the questions, what a question takes, and what one of its options takes.
_AROUND, _QUESTION, _OPTION = 290, 110, 65


def is_allowed() -> bool:
    """Tell whether the operator lets any site show results in a frame."""
    return bool(settings.EMBED_ORIGINS)


def framable(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let the sites of EMBED_ORIGINS show a page in a frame; where there is none, it stays refused to everybody."""
    if is_allowed():
        nonce = getattr(request, "csp_nonce", "")
        response[HEADER] = build_policy(nonce=nonce, replace={"frame-ancestors": settings.EMBED_ORIGINS})
        # It knows no list of sites, and old browsers obey it first.
        response.xframe_options_exempt = True
    return response


def address_of(result_url: str, slug: str) -> str:
    """Return the address of the page for frames."""
    return f"{result_url}/{slug}/embed/"


def height_of(paper: Paper) -> int:
    """Return the height in pixels in which a paper's results are likely to fit, up to a limit."""
    options = sum(len(contest.options) for contest in paper.contests)
    return min(TALLEST, _AROUND + _QUESTION * (len(paper.contests) - 1) + _OPTION * options)


def write_snippet(address: str, paper: Paper, *, width: int | str = "100%", height: int = 0) -> SafeString:
    """Write the HTML that shows results on another page; as wide as there is room, unless a width is given."""
    return format_html(
        '<iframe src="{}" title="{}" width="{}" height="{}" loading="lazy" style="border:0"></iframe>',
        address,
        _("Results: %(title)s") % {"title": paper.title},
        width,
        height or height_of(paper),
    )


def describe(result_url: str, slug: str, paper: Paper, *, most: tuple[int | None, int | None]) -> dict[str, Any]:
    """Return what oEmbed says of an election's results, in a frame of at most this width and height in pixels.

    Where no site may show them in a frame, it is a link.
    """
    fields: dict[str, Any] = {
        "version": "1.0",
        "type": "link",
        "title": paper.title,
        "provider_name": "Urna",
        "provider_url": f"{result_url}/",
    }
    if is_allowed():
        width, height = (min(own, limit or own) for own, limit in zip((WIDTH, height_of(paper)), most, strict=True))
        html = write_snippet(address_of(result_url, slug), paper, width=width, height=height)
        fields |= {"type": "rich", "html": html, "width": width, "height": height}
    return fields
