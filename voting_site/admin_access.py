"""Guards of the administration besides its permissions: the end of each session, and words not fit for passwords."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

SIGNED_IN_AT = "signed_in_at"


@receiver(user_logged_in)
def note_time(request: HttpRequest, **_: Any) -> None:
    """Store in the session the time at which it began."""
    request.session[SIGNED_IN_AT] = time.time()


class SessionEndMiddleware:
    """End a session SESSION_LIFETIME seconds after it began, however busy it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            age = time.time() - request.session.get(SIGNED_IN_AT, 0)
            if age > settings.SESSION_LIFETIME:
                logout(request)
        return self.get_response(request)


class ContextWordsValidator:
    """Refuse a password that is little more than a word that an attacker would try here first."""

    WORDS = ("urna", "vote", "voto", "voting", "votacion", "election", "eleccion", "ballot", "nesquik", "cola-cao",
             "admin", "administrator", "administrador", "password", "contraseña")  # fmt: skip
    # How many characters have to be left when these words are taken out.
    REMAINDER = 8

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError if too little of a password is left without the words."""
        rest = password.lower()
        for word in sorted(self.WORDS, key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(rest) < min(self.REMAINDER, len(password)):
            raise ValidationError(self.get_help_text(), code="password_context_word")

    def get_help_text(self) -> str:
        return _("Your password can’t be made of words such as “urna”, “admin” or “password”.")
