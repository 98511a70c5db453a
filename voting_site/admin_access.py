"""What guards the administration besides its permissions: an end to each session, and words no password may hold."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from polls.causes import chain
from polls.middleware import say_unavailable
from polls.outages import is_outage

SIGNED_IN_AT = "signed_in_at"


@receiver(user_logged_in)
def note_time(request: HttpRequest, **_: Any) -> None:
    """Remember in the session when it began."""
    request.session[SIGNED_IN_AT] = time.time()


class SessionEndMiddleware:
    """End a session SESSION_LIFETIME seconds after it began, however busy it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            self._end_if_due(request)
        except Exception as error:
            # Of what happens outside of a view no other middleware hears.
            if not is_outage(error):
                raise
            return say_unavailable(request, error)
        return self.get_response(request)

    @staticmethod
    def _end_if_due(request: HttpRequest) -> None:
        if request.user.is_authenticated:
            age = time.time() - request.session.get(SIGNED_IN_AT, 0)
            if age > settings.SESSION_LIFETIME:
                logout(request)


class PatientSessionMiddleware(SessionMiddleware):
    """Keep the session after each answer, and say so where the database went away meanwhile."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except Exception as error:
            # Django takes any error of the database for a session that was deleted meanwhile, and would answer 400.
            outage = next(filter(is_outage, chain(error)), None)
            if outage is None:
                raise
            return say_unavailable(request, outage)


class ContextWordsValidator:
    """Refuse a password that is little more than a word that anybody would try here first."""

    WORDS = ("urna", "vote", "voto", "voting", "votacion", "election", "eleccion", "ballot", "nesquik", "cola-cao",
             "admin", "administrator", "administrador", "password", "contraseña")  # fmt: skip
    # Characters that have to be left without these words.
    REMAINDER = 8

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError where too little is left of a password without the words."""
        rest = password.lower()
        for word in sorted(self.WORDS, key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(rest) < min(self.REMAINDER, len(password)):
            raise ValidationError(self.get_help_text(), code="password_context_word")

    def get_help_text(self) -> str:
        return _("Your password can’t be made of words such as “urna”, “admin” or “password”.")
