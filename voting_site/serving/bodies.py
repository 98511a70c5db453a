"""Read the body of a request to `admin` before anything else happens, and let only so many be worked on at once.

Granian's threads wait for a body as long as its sender likes. Were they those that do the work, eight forms that
never end would stop the page. So there are many threads, which cost little while they wait, and few turns.
"""

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

# Threads that may wait for a body, and turns to work: two processors keep about eight busy.
THREADS = 256
TURNS = 8
# Bytes; far above what Django takes of a form, so that in between it answers with a page.
LARGEST_BODY = 1024 * 1024


class WsgiBodies:
    """Hand over requests whose body is there."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._turns = threading.BoundedSemaphore(TURNS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > LARGEST_BODY:
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"Too large.\n"]
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length) if length else b"")
        with self._turns:
            return self._application(environ, start_response)
