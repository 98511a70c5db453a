"""The cookies of `vote`: out of reach of scripts, and sent to its own pages alone."""

from typing import Literal

from django.conf import settings
from django.http import HttpResponse


def keep_cookie(
    response: HttpResponse, name: str, value: str, age: int, *, samesite: Literal["Lax", "None"] = "Lax"
) -> None:
    """Let the browser keep a cookie for so many seconds; with 0 it forgets it."""
    response.set_cookie(
        name,
        value,
        max_age=age,
        path=settings.COOKIE_PATH,
        secure=settings.BEHIND_TLS,
        httponly=True,
        samesite=samesite,
    )
