"""Read the body of a request to `admin` before anything else, and work on a limited number of requests at once.

Granian's threads wait for a body for as long as the client takes. If there were only eight threads, eight forms that
never end would stop the page. So there are many threads, which cost little while they wait, and few of them work.
"""

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

# Threads that may wait for a body, and how many of them may work at once: about eight keep two processors busy.
THREADS = 256
TURNS = 8
# Bytes. Django's own limit for a form is far lower, and between the two it answers with a page.
LARGEST_BODY = 1024 * 1024


class WsgiBodies:
    """Hand requests over to the application when their body has come."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._turns = threading.BoundedSemaphore(TURNS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = read_body(environ)
        if body is None:
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"Too large.\n"]
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        with self._turns:
            return self._application(environ, start_response)


def read_body(environ: dict[str, Any]) -> bytes | None:
    """Return the body of a request, None for one that is too large."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        # It comes in chunks and without its length, by which Django goes.
        body: bytes = environ["wsgi.input"].read(LARGEST_BODY + 1)
        return body if len(body) <= LARGEST_BODY else None
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > LARGEST_BODY:
        return None
    return environ["wsgi.input"].read(length) if length else b""
