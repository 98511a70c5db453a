"""Answer the most frequent requests of voters without Django's handler, middleware and view, which take most time.

These are a vote that is accepted, and the question what has become of one. The fast path reads a request with Django's
own classes, checks a form with Django's own CSRF check, and calls the same functions as the views
(`polls/accepting.py`, `polls/confirmation_views.py`). It can only say yes. Everything else goes on to Django as if
nothing had been tried: each refusal, each error, and what is no such request at all. Nor are answers written here: what
Django answers to the first request of a kind is kept, and repeated for others of that kind.
"""

import io
import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from polls import ballot_box, voters
from polls.accepting import EARLIER_REPLY, NoProof, accept
from polls.ballot_box import Reply, Verdict
from polls.confirmation_views import read_state
from polls.definition import Definition
from polls.forms import OtherDesign
from polls.kiosk import device
from polls.methods import InvalidMarking
from polls.metrics import time_request
from polls.paper_language import FIELD
from polls.views import confirmation_of
from polls.voters import Voter

from ..middleware.requests import REQUEST_ID, name_request
from .csrf_check import CsrfCheck, unmask_token
from .lean_request import Form, VotersRequest

logger = logging.getLogger(__name__)

# The most answers that are kept.
KEPT = 1000
# The most characters of what they are kept for: a browser with ten languages sends about a hundred.
LONGEST_KIND = 300

FORM = "application/x-www-form-urlencoded"
NO_FORM = QueryDict()
# The addresses of a ballot, and of the state of a vote.
_PATH = re.compile(r"/([^/]+)/(cast/state\.json)?")

Headers = list[tuple[str, str]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# What an answer differs by: the election's address, the scheme, the chosen and the accepted languages, and what became
# of the voter's ballot, if that was asked.
Kind = tuple[str, ...]


class Known(NamedTuple):
    """A request of a known voter about an election that this process knows."""

    request: VotersRequest
    definition: Definition
    voter: Voter

    def kind(self, state: str = "") -> Kind:
        """Return what the answer to it differs by."""
        chosen = self.request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        accepted = self.request.META.get("HTTP_ACCEPT_LANGUAGE", "")
        return self.definition.slug, self.request.scheme or "", chosen, accepted, state


class Kept(NamedTuple):
    """An answer of Django's, with the place of the request's id among its headers."""

    line: str
    headers: Headers
    body: bytes
    named_at: int


class FastPath:
    """A WSGI application that answers what it can, and lets Django answer everything else."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = django
        self._csrf = CsrfCheck(lambda _: None)  # type: ignore[arg-type]
        self._kept: dict[Kind, Kept] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = None if environ.get("QUERY_STRING") else _PATH.fullmatch(environ["PATH_INFO"])
        definition = ballot_box.recall_definition(path[1]) if path else None
        if path and definition:
            if not path[2] and environ["REQUEST_METHOD"] == "POST":
                return self._vote(environ, start_response, definition)
            if path[2] and environ["REQUEST_METHOD"] == "GET":
                return self._tell_state(environ, start_response, definition)
        return self._django(environ, start_response)

    def _vote(
        self, environ: dict[str, Any], start_response: Callable[..., Any], definition: Definition
    ) -> Iterable[bytes]:
        started = time.perf_counter()
        vote = self._read_vote(environ, definition)
        if vote is None:
            return self._django(environ, start_response)
        if (kept := self._kept.get(kind := vote.kind())) is None:
            return self._ask_django(environ, start_response, kind, is_yes)
        name = name_request(environ)
        reply = cast(vote)
        if isinstance(reply, Reply) and reply.verdict in (Verdict.ACCEPTED, Verdict.REPEATED):
            return repeat(kept, start_response, name, started)
        if reply:
            environ |= {EARLIER_REPLY: reply, "HTTP_X_REQUEST_ID": name}
        return self._django(environ, start_response)

    def _tell_state(
        self, environ: dict[str, Any], start_response: Callable[..., Any], definition: Definition
    ) -> Iterable[bytes]:
        started = time.perf_counter()
        if (asked := read(environ, definition)) is None or not self._csrf.leaves_cookie(asked.request):
            return self._django(environ, start_response)
        try:
            kind = asked.kind(read_state(definition, asked.voter) or "none")
        except ballot_box.Unavailable:
            return self._django(environ, start_response)
        if (kept := self._kept.get(kind)) is None:
            return self._ask_django(environ, start_response, kind, tells_state)
        return repeat(kept, start_response, name_request(environ), started)

    def _read_vote(self, environ: dict[str, Any], definition: Definition) -> Known | None:
        """Read a request, None if it is anything but a usual vote; Django can read all of it again."""
        length = environ.get("CONTENT_LENGTH", "")
        if environ.get("CONTENT_TYPE") != FORM or not length.isdecimal():
            return None
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            form = Form(body)
        except SuspiciousOperation:
            return None
        if form.get("design") != definition.design or FIELD in form:
            return None
        unmask_token(form)
        vote = read(environ, definition, form)
        return vote if vote and self._csrf.passes(vote.request) else None

    def _ask_django(
        self,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        kind: Kind,
        may_be_kept: Callable[[Kind, Kept], bool],
    ) -> Iterable[bytes]:
        """Let Django answer, and keep the answer if everybody could be sent it who sends a request of this kind."""
        line, headers = "", Headers()

        def start(given: str, fields: Headers, exc_info: Any = None) -> Any:
            nonlocal line, headers
            line, headers = given, fields
            return start_response(given, fields, exc_info)

        parts = self._django(environ, start)
        # Django's answers can be read more than once.
        kept = Kept(line, headers, b"".join(parts), [name for name, _value in headers].index(REQUEST_ID))
        is_for_all = may_be_kept(kind, kept) and all(name != "Set-Cookie" for name, _value in headers)
        if is_for_all and sum(map(len, kind)) <= LONGEST_KIND:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[kind] = kept
        return parts


def read(environ: dict[str, Any], definition: Definition, form: QueryDict = NO_FORM) -> Known | None:
    """Read a request to an election, with the `form` that it sends; None if it does not come from an ordinary voter."""
    # A copy, since checks write into it.
    request = VotersRequest(environ.copy(), form)
    try:
        request.get_host()
    except SuspiciousOperation:
        return None
    voter = None if device.find(request, definition) else voters.identify(request, definition)
    return Known(request, definition, voter) if voter else None


def cast(vote: Known) -> Reply | ballot_box.Unavailable | None:
    """Cast a vote; return what the box says, or that it says nothing. None if the form is not one to be cast."""
    try:
        return accept(vote.request.POST, vote.definition, vote.voter, vote.request.META["REMOTE_ADDR"])
    except ballot_box.Unavailable as error:
        return error
    except (OtherDesign, InvalidMarking, NoProof):
        return None
    except Exception:  # a mistake of ours must not cost a vote, and what was cast may be sent again
        logger.exception("the fast path cannot cast a ballot, and leaves it to Django")
        return None


def is_yes(kind: Kind, answer: Kept) -> bool:
    """Tell whether an answer to a vote says that it is accepted."""
    return ("Location", confirmation_of(kind[0])) in answer.headers


def tells_state(kind: Kind, answer: Kept) -> bool:
    """Tell whether an answer tells the state of its kind, and not one that came a moment later."""
    return answer.line.startswith("200 ") and (json.loads(answer.body)["state"] or "none") == kind[-1]


def repeat(kept: Kept, start_response: Callable[..., Any], name: str, started: float) -> list[bytes]:
    """Send a kept answer to a request with the id `name`, and count it."""
    headers = kept.headers.copy()
    headers[kept.named_at] = (REQUEST_ID, name)
    start_response(kept.line, headers)
    time_request(int(kept.line[:3]), time.perf_counter() - started)
    return [kept.body]
