"""The description of the addresses for programs (OpenAPI 3.1), with the address under which they are here."""

import json
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse

from pages.context_processors import site

from .asked_language import same_for_all_languages
from .open_data import open_data
from .revalidation import Answer, revalidate

DOCUMENT = Path(__file__).with_name("openapi.json")


@open_data
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the description."""
    base = site(request)["result_url"]

    def read() -> Answer:
        text = json.dumps(_document() | {"servers": [{"url": base}]}, ensure_ascii=False)
        return Answer(text, lambda: HttpResponse(text, content_type="application/json"))

    return same_for_all_languages(revalidate(request, ("openapi", base), read))


@cache
def _document() -> dict[str, object]:
    read: dict[str, object] = json.loads(DOCUMENT.read_text())
    return read
