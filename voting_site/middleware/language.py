"""Choose the language of an answer as Django's LocaleMiddleware does, and remember the choice for the same headers.

The menu of languages sets a cookie without a region; dates and numbers are still those of the browser's region.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from ..languages import choose_region

# How many different choices are remembered; most browsers send the same few headers.
_KEPT = 1000
# The most characters of headers that are remembered: a browser with ten languages sends about a hundred.
_LONGEST = 200


class LanguageMiddleware:
    """Answer in the language of the visitor's cookie, or in one that the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._chosen: dict[tuple[str, str], str] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._choose(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        if getattr(response, "varies_by_language", True):
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            response.headers.setdefault("Content-Language", translation.to_locale(language).replace("_", "-"))
        return response

    def _choose(self, request: HttpRequest) -> str:
        wish = (
            request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
            request.META.get("HTTP_ACCEPT_LANGUAGE", ""),
        )
        language = self._chosen.get(wish)
        if language is None:
            language = translation.get_language_from_request(request)
            language = choose_region(language, wish[1], dict(settings.LANGUAGES))
            if sum(map(len, wish)) <= _LONGEST:
                if len(self._chosen) >= _KEPT:
                    self._chosen.clear()
                self._chosen[wish] = language
        return language
