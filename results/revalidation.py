"""Answers with a tag (ETag), which are sent again only if they have changed: 304 otherwise.

Whoever asks again within a second of the last look costs no work in the database.
"""

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers

from .freshness import STALE_S

# Seconds for which a tag is known: less than the two seconds in which what is counted has to show.
KNOWN_S = 1.0
# How many tags are known at most; then all are forgotten, and found again.
_KEPT = 2000


class Answer(NamedTuple):
    """What an answer is made from, as text or hash, and what makes it.

    `age` is that of the data in seconds, where they come from a copy of the database.
    """

    content: str
    make: Callable[[], HttpResponse]
    age: float | None = None


class _Known(NamedTuple):
    read_at: float
    tag: str
    age: float | None


_known: dict[tuple[str, ...], _Known] = {}


def revalidate(
    request: HttpRequest, name: tuple[str, ...], read: Callable[[], Answer], *, max_age: int = 0
) -> HttpResponse:
    """Answer with what `read` finds, or with 304 to a client that has it; `name` says what it is, and in what form.

    For `max_age` seconds clients need not even ask.
    """
    known = _known.get(name)
    if known and time.monotonic() - known.read_at < KNOWN_S:
        unchanged = get_conditional_response(request, etag=known.tag)
        if unchanged is not None:
            return _label(unchanged, known, max_age)
    read_at = time.monotonic()
    answer = read()
    # Weak: it tells what an answer says, and not at which moment that was read.
    old = [f"{answer.age:.0f} s old"] if answer.age and answer.age > STALE_S else []
    # Whoever has it learns how old it is now: by 304 one learns nothing.
    content = "\n".join([*name, answer.content, *old])
    tag = f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    if len(_known) >= _KEPT:
        _known.clear()
    _known[name] = found = _Known(read_at, tag, answer.age)
    return _label(get_conditional_response(request, etag=tag) or answer.make(), found, max_age)


def _label(response: HttpResponse, known: _Known, max_age: int) -> HttpResponse:
    response["ETag"] = known.tag
    if known.age is not None:
        # RFC 9111: seconds since the origin has said so, which is here the server that is written to.
        response["Age"] = str(round(known.age + time.monotonic() - known.read_at))
    # Django says it of what it compresses alone; but a 304 has to say of what the whole answer depends.
    patch_vary_headers(response, ("Accept-Encoding",))
    # Kept, and asked about each time.
    response["Cache-Control"] = f"max-age={max_age}" if max_age else "no-cache"
    return response
