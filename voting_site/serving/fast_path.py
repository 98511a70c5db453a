"""Say yes to a vote without Django's handler, middleware and view, which take most of a vote's time.

The fast path can only say yes. It reads a request with Django's own classes, checks it with Django's own CSRF check,
and casts with the function that the view calls (`polls/accepting.py`). Everything else goes on to Django as if nothing
had been tried: each refusal, each error, and what is no ballot form at all. The headers of a yes are not written here
either: what Django answers to the first vote of a kind is kept, and repeated for others of that kind.
"""

import io
import logging
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import CsrfViewMiddleware

from polls import ballot_box, voters
from polls.accepting import EARLIER_REPLY, NoProof, accept
from polls.ballot_box import Reply, Verdict
from polls.definition import Definition
from polls.forms import OtherDesign
from polls.kiosk import device
from polls.methods import InvalidMarking
from polls.metrics import time_request
from polls.paper_language import FIELD
from polls.views import confirmation_of
from polls.voters import Voter

from ..middleware.requests import REQUEST_ID, name_request
from .lean_request import LeanWsgiRequest

logger = logging.getLogger(__name__)

# Kinds of votes of which the answer is kept: one for each election, scheme and wish of a language.
KEPT = 1000
# The most characters of a kind that is kept: a browser with ten languages sends about a hundred.
LONGEST_KIND = 300

YES = f"{HTTPStatus.SEE_OTHER.value} {HTTPStatus.SEE_OTHER.phrase}"
FORM = "application/x-www-form-urlencoded"
_BALLOT = re.compile(r"/([^/]+)/")

Headers = list[tuple[str, str]]
# What the headers of a yes differ by: the election's address, the scheme, the chosen and the accepted languages.
Kind = tuple[str, str, str, str]


class CsrfCheck(CsrfViewMiddleware):
    """Django's check of a form's origin and token, without its page for what fails."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason

    def passes(self, request: HttpRequest) -> bool:
        """Tell whether Django would take the form, and would leave the browser's cookie as it is."""
        self.process_request(request)
        reason = self.process_view(request, HttpResponse, (), {})
        return reason is None and "CSRF_COOKIE_NEEDS_UPDATE" not in request.META


class Vote(NamedTuple):
    """A form that somebody known has sent for the paper that this process knows, and how its yes is kept."""

    request: HttpRequest
    definition: Definition
    voter: Voter
    kind: Kind


class FastPath:
    """A WSGI application that answers accepted votes, and lets Django answer everything else."""

    def __init__(self, django: Callable[..., Iterable[bytes]]) -> None:
        self._django = django
        self._csrf = CsrfCheck(lambda _: None)  # type: ignore[arg-type]
        self._kept: dict[Kind, Headers] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        if (vote := self._read(environ)) is None:
            return self._django(environ, start_response)
        if (headers := self._kept.get(vote.kind)) is None:
            return self._django(environ, self._keeping(vote.kind, start_response))
        name = name_request(environ)
        reply = cast(vote)
        if isinstance(reply, Reply) and reply.verdict in (Verdict.ACCEPTED, Verdict.REPEATED):
            start_response(YES, [(key, name if key == REQUEST_ID else value) for key, value in headers])
            time_request(HTTPStatus.SEE_OTHER, time.perf_counter() - started)
            return [b""]
        if reply:
            environ |= {EARLIER_REPLY: reply, "HTTP_X_REQUEST_ID": name}
        return self._django(environ, start_response)

    def _read(self, environ: dict[str, Any]) -> Vote | None:
        """Read a request, None if it is anything but a usual vote; Django can read all of it again."""
        address = _BALLOT.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        definition = ballot_box.recall_definition(address[1]) if address else None
        length = environ.get("CONTENT_LENGTH", "")
        if (
            definition is None
            or environ.get("QUERY_STRING")
            or environ.get("CONTENT_TYPE") != FORM
            or not (length.isdecimal() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        ):
            return None
        body = environ["wsgi.input"].read(int(length))
        try:
            # A copy, since the check writes into it.
            request = LeanWsgiRequest(environ.copy())
            request.POST = QueryDict(body, encoding="utf-8")
            request.get_host()
            voter = voters.identify(request, definition)
            if (
                voter is None
                or request.POST.get("design") != definition.design
                or FIELD in request.POST
                or device.find(request, definition)
                or not self._csrf.passes(request)
            ):
                return None
        except SuspiciousOperation:
            return None
        except Exception:  # a mistake of ours must not cost a vote
            logger.exception("the fast path cannot read a request, and leaves it to Django")
            return None
        finally:
            environ["wsgi.input"] = io.BytesIO(body)
        return Vote(request, definition, voter, kind_of(request, definition))

    def _keeping(self, kind: Kind, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Return a `start_response` that also keeps the headers of a yes, if any voter could be sent the same."""

        def start(line: str, headers: Headers, exc_info: Any = None) -> Any:
            given = dict(headers)
            if given.get("Location") == confirmation_of(kind[0]) and "Set-Cookie" not in given:
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                if sum(map(len, kind)) <= LONGEST_KIND:
                    self._kept[kind] = headers
            return start_response(line, headers, exc_info)

        return start


def kind_of(request: HttpRequest, definition: Definition) -> Kind:
    """Return what the headers of a yes to this request differ by."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return definition.slug, request.scheme or "", chosen, request.META.get("HTTP_ACCEPT_LANGUAGE", "")


def cast(vote: Vote) -> Reply | ballot_box.Unavailable | None:
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
