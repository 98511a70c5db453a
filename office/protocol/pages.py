"""Serving the protocol as PDF: to everybody, beside the results, and in the office with its acts.

Nothing here loads ReportLab before a file is asked for: the results pages have little memory.
"""

import threading
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from results.views import get_certified, protocol_context

# Public files that are kept: a few for each election that people look at just now. One has some 50 kB.
KEPT = 32
_kept: dict[tuple[Any, ...], bytes] = {}
# Writing takes processor time, of which the live results must have enough: one at a time.
_writing = threading.Lock()


@require_safe
def protocol_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the public protocol of a certified election as PDF."""
    snapshot = get_certified(slug)
    paper = read_paper(request)
    language = _language_of_files()
    with translation.override(language):
        context = protocol_context(snapshot)
    record = context["record"]
    # A mended text raises the version, and a witness may cosign after the certification.
    cosigned = (record.head, record.quorum) if record else None
    key = (snapshot.certified.hash if snapshot.certified else "", snapshot.version, cosigned, paper, language)
    with _writing, translation.override(language):
        if key not in _kept:
            if len(_kept) >= KEPT:
                _kept.clear()
            _kept[key] = write(context, paper)
        return file_response(_kept[key], slug)


def _language_of_files() -> str:
    """Return the language of the page; English where only the pages of voters are translated into it."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    is_whole = language.partition("-")[0] in dict(settings.WHOLE_LANGUAGES)
    return language if is_whole else settings.LANGUAGE_CODE


def read_paper(request: HttpRequest) -> str:
    """Return the size of paper that a request asks for."""
    return "letter" if request.GET.get("paper") == "letter" else "a4"


def write(context: dict[str, Any], paper: str) -> bytes:
    """Return the protocol as PDF."""
    from ..pdf.paper import Paper
    from .writing import write_protocol

    return write_protocol(context, Paper(paper))


def file_response(content: bytes, slug: str) -> HttpResponse:
    """Return a PDF as a file."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{slug}-protocol.pdf"'
    return response
