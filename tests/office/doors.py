"""People with a second factor, and their way in, for tests."""

import datetime as dt
from typing import Any

import pyotp
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from office.models import SecondFactor
from office.sign_in.factors import renew_codes

PASSWORD = "correct horse battery"


def give_app(user: User) -> tuple[pyotp.TOTP, list[str]]:
    """Give somebody an app; return what it computes codes with, and recovery codes."""
    key = pyotp.random_base32()
    SecondFactor.objects.create(user=user, kind=SecondFactor.Kind.APP, data={"key": key, "step": 0})
    return pyotp.TOTP(key), renew_codes(user)


def code_of(app: pyotp.TOTP, steps: int = 0) -> str:
    """Return what an app shows, or shows so many steps later."""
    return app.at(timezone.now(), counter_offset=steps)


def wrong_code(app: pyotp.TOTP) -> str:
    """Return six digits that the app does not show at present, or near it."""
    near = {code_of(app, steps) for steps in range(-3, 4)}
    return next(code for code in (f"{number:06}" for number in range(8)) if code not in near)


def begin(client: Client, name: str = "mia", **more: Any) -> Any:
    """Show the right password."""
    return client.post("/admin/login/", {"username": name, "password": PASSWORD, **more})


def show(client: Client, code: str, **more: Any) -> Any:
    """Type a code where the second factor is asked for."""
    return client.post("/second-factor/", {"code": code, **more})


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def later(seconds: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=seconds)
