"""How somebody gets in: with a password alone, or with a second factor after it.

Whoever has shown only the password is nobody yet, so that no page has to ask for more: the session knows a name, and
that a second factor is due.
"""

import time
from collections.abc import Callable
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from ..models import SecondFactor
from .factors import SHOWN, Wrong, factors_of

# What Django signs somebody in with who has shown a password.
PASSWORDS = "django.contrib.auth.backends.ModelBackend"
# In a session: whose second factor is due.
DUE = "second_factor_due"
# Seconds for the second factor.
TIME = 600


def enter(request: HttpRequest, user: User, backend: str, where: str) -> bool:
    """Sign somebody in who has shown a password, or note that a second factor is due; tell whether they are in."""
    if not factors_of(user):
        login(request, user, backend)
        return True
    # A new one: whoever knows the number of the old one gets nothing with it.
    request.session.flush()
    request.session[DUE] = {
        "user": user.pk,
        "backend": backend,
        # Changes with the password.
        "hash": user.get_session_auth_hash(),
        "until": time.time() + TIME,
        "where": where,
    }
    return False


def read_due(request: HttpRequest) -> tuple[User, dict[str, Any]] | None:
    """Return whose second factor is due in a session, and what was noted; None if there is nobody, or it is late."""
    due = request.session.get(DUE)
    if due is None or time.time() > due["until"]:
        return None
    user = User.objects.filter(pk=due["user"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), due["hash"]):
        return None
    return user, due


def enter_with(request: HttpRequest, user: User, factor: SecondFactor) -> str:
    """Sign somebody in who has shown a second factor; return where they wanted to go."""
    due = request.session.pop(DUE)
    login(request, user, due["backend"])
    request.session[SHOWN] = factor.pk
    return str(due["where"])


def try_factor(request: HttpRequest, user: User, show: Callable[[], SecondFactor]) -> SecondFactor:
    """Return the second factor that `show` finds valid; raises Wrong, which counts like a wrong password."""
    credentials = {"username": user.get_username()}
    if not AxesProxyHandler.is_allowed(request, credentials):
        # The middleware of axes answers 429 then.
        request.axes_locked_out = True  # type: ignore[attr-defined]
        request.axes_credentials = credentials  # type: ignore[attr-defined]
        raise Wrong
    try:
        return show()
    except Wrong:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        raise
