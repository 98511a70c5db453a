"""Answers with a tag (ETag), which are sent again only if they have changed: 304 otherwise.

Whoever asks again within a second of the last look costs no work in the database.
"""

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

# Seconds for which a tag is known: less than the two seconds in which what is counted has to show.
KNOWN_S = 1.0
# How many tags are known at most; a name that is asked for exists, so that nobody can fill this with others.
_KEPT = 2000


class Answer(NamedTuple):
    """What an answer is made from, as text or hash, and what makes it."""

    content: str
    make: Callable[[], HttpResponse]


class _Known(NamedTuple):
    read_at: float
    tag: str


_known: dict[tuple[str, ...], _Known] = {}


def revalidate(request: HttpRequest, name: tuple[str, ...], read: Callable[[], Answer]) -> HttpResponse:
    """Answer with what `read` finds, or with 304 to a client that has it; `name` says what it is, and in what form."""
    known = _known.get(name)
    if known and time.monotonic() - known.read_at < KNOWN_S:
        unchanged = get_conditional_response(request, etag=known.tag)
        if unchanged is not None:
            return _label(unchanged, known.tag)
    read_at = time.monotonic()
    answer = read()
    # Weak: it tells what an answer says, and not at which moment that was read.
    content = "\n".join([*name, answer.content])
    tag = f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    if len(_known) >= _KEPT:
        _known.clear()
    _known[name] = _Known(read_at, tag)
    return _label(get_conditional_response(request, etag=tag) or answer.make(), tag)


def _label(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    # Kept, and asked about each time.
    response["Cache-Control"] = "no-cache"
    return response
