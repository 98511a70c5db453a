"""The language that an address itself asks for, as `?language=es`, where no browser says what its reader speaks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant

View = Callable[..., HttpResponse]


def in_asked_language(view: View) -> View:
    """Let a view answer in the language of its address, or else in the visitor's, and say so to caches."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = read_language(request)
        if not language:
            response = view(request, *args, **kwargs)
            # The choice of a language is kept in a cookie.
            patch_vary_headers(response, ("Cookie",))
            return response
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = view(request, *args, **kwargs)
        response["Content-Language"] = language
        return same_for_all_languages(response)

    return answer


def read_language(request: HttpRequest) -> str:
    """Return the code of the language that an address asks for, "" if it asks for none that the pages have."""
    try:
        return get_supported_language_variant(request.GET.get("language", ""))
    except LookupError:
        return ""


def same_for_all_languages(response: HttpResponse) -> HttpResponse:
    """Say that an answer is the same whatever language a visitor speaks, so that caches keep one of it."""
    response.varies_by_language = False  # type: ignore[attr-defined]
    return response
