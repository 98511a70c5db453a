"""Django's check of a form's origin and token, for the fast path: it tells the decision, and makes no page of it."""

import string
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware import csrf

FIELD = "csrfmiddlewaretoken"
# The characters of a secret, in the order in which Django counts with them.
_LETTERS = (string.ascii_letters + string.digits).encode()
_PLACES = bytes.maketrans(_LETTERS, bytes(range(len(_LETTERS))))
_BACK = bytes(_LETTERS[place % len(_LETTERS)] for place in range(256))
# One turn of the alphabet in each byte, so that no difference is negative.
_TURNS = int.from_bytes([len(_LETTERS)] * csrf.CSRF_SECRET_LENGTH)


class CsrfCheck(csrf.CsrfViewMiddleware):
    """Django's check, without its page for what fails."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason

    def passes(self, request: HttpRequest) -> bool:
        """Tell whether Django would take the form.

        Then it leaves the browser's cookie as it is: it takes no form with a cookie that it would replace.
        """
        return self.process_view(request, HttpResponse, (), {}) is None

    def leaves_cookie(self, request: HttpRequest) -> bool:
        """Tell whether Django would leave the browser's cookie as it is, or send another one for one that is broken."""
        self.process_request(request)
        return "CSRF_COOKIE_NEEDS_UPDATE" not in request.META


def unmask_token(form: QueryDict) -> None:
    """Take the mask off the token of a form that may be changed.

    Django takes a token with and without its mask, and would take it off itself, letter by letter: half of the time
    of its check. What is no masked token stays as it is.
    """
    token = form.get(FIELD, "")
    if len(token) == csrf.CSRF_TOKEN_LENGTH and token.isascii() and token.isalnum():
        form[FIELD] = unmask(token)


def unmask(token: str) -> str:
    """Return the secret in a masked token: from each letter of its second half the one of its first half is taken."""
    places = token.encode().translate(_PLACES)
    mask, masked = places[: csrf.CSRF_SECRET_LENGTH], places[csrf.CSRF_SECRET_LENGTH :]
    # All letters at once: no byte borrows from the next one.
    secret = int.from_bytes(masked) + _TURNS - int.from_bytes(mask)
    return secret.to_bytes(csrf.CSRF_SECRET_LENGTH).translate(_BACK).decode()
