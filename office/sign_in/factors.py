"""Second factors: who has which, whether a session has shown one, and codes that are tried.

A table of our own and not that of a library, because passkeys, apps and recovery codes are then one question to the
database for each page. What is hard about them the libraries do: pyotp (RFC 6238) and fido2 (WebAuthn).
"""

import datetime as dt
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

import pyotp
from django.contrib.auth.models import User
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.http import HttpRequest
from django.utils import timezone
from pyotp.exceptions import OTPVerificationError

from ..models import Organisation, SecondFactor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

Kind = SecondFactor.Kind
# In a session: the number of the second factor that was shown in it.
SHOWN = "second_factor"
# In a session: the key of an app that is being set up.
NEW_KEY = "new_app_key"

# Douglas Crockford's: no letter looks like a digit. 24 of them are 120 bits, so that a plain hash is enough.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LETTERS, GROUP, CODES = 24, 4, 8
LOOK_ALIKE = str.maketrans("oil", "011")
# An app may be this many steps of 30 seconds early or late.
STEPS = 1
# Wrong codes of an app that are free; each further one doubles the pause, up to about an hour, from whichever address
# it comes: whoever tries has the password.
FREE, DOUBLED = 5, 12


class Wrong(Exception):
    """What was shown is no valid second factor."""


def signed_in(request: HttpRequest) -> User:
    """Return who is signed in, on a page that is for nobody else."""
    assert isinstance(request.user, User)
    return request.user


def factors_of(user: "User | AnonymousUser") -> list[SecondFactor]:
    """Return what somebody has, recovery codes included; nothing if signing in takes a password alone."""
    return list(SecondFactor.objects.filter(user=user.pk).order_by("made_at"))


class Standing(NamedTuple):
    """What each request of somebody asks: the numbers of their second factors, and if an organisation demands one."""

    numbers: frozenset[int]
    is_demanded: bool


def standing_of(user: "User | AnonymousUser") -> Standing:
    """Read it in one statement, since each page of the office needs it."""
    demanding = Organisation.objects.filter(memberships__user=OuterRef("pk"), demands_second_factor=True)
    numbers = ArrayAgg("second_factors", filter=Q(second_factors__isnull=False), default=Value([]))
    assert user.pk is not None
    person = User.objects.filter(pk=user.pk).annotate(numbers=numbers, is_demanded=Exists(demanding))
    for found, is_demanded in person.values_list("numbers", "is_demanded"):
        return Standing(frozenset(found), is_demanded)
    return Standing(frozenset(), False)


def has_shown(request: HttpRequest, numbers: frozenset[int]) -> bool:
    """Tell whether a session may go on: its second factor is still there, or there is none, and was none before."""
    shown = request.session.get(SHOWN)
    return shown in numbers if numbers else shown is None


def check_code(user: User, code: str) -> SecondFactor:
    """Take a code of somebody's app, or a recovery code, which is then used up; raises Wrong for any other."""
    typed = re.sub(r"[\s-]", "", code).lower()
    kind = Kind.APP if re.fullmatch(r"\d{6}", typed) else Kind.RECOVERY
    with transaction.atomic():
        # The lock makes two that come at once take turns, so that a code counts once.
        factor = SecondFactor.objects.select_for_update().filter(user=user.pk, kind=kind).first()
        right = factor is not None and (_use_app if kind == Kind.APP else _use_recovery)(factor, typed)
        if factor is not None:
            factor.save()
    if factor is None or not right:
        raise Wrong
    return factor


def _use_app(factor: SecondFactor, code: str) -> bool:
    now = timezone.now()
    if factor.wrong_at and now < factor.wrong_at + pause(factor.wrong):
        return False
    step = find_step(factor.data["key"], code, now)
    if step is None or step <= factor.data["step"]:
        factor.wrong, factor.wrong_at = factor.wrong + 1, now
        return False
    factor.data["step"] = step
    factor.wrong, factor.wrong_at, factor.used_at = 0, None, now
    return True


def _use_recovery(factor: SecondFactor, code: str) -> bool:
    digest = hash_code(code)
    if digest not in factor.data["hashes"]:
        return False
    factor.data["hashes"].remove(digest)
    factor.used_at = timezone.now()
    return True


def pause(wrong: int) -> dt.timedelta:
    """Return for how long no code is taken after so many wrong ones."""
    return dt.timedelta(seconds=2 ** min(wrong - FREE, DOUBLED) if wrong > FREE else 0)


def find_step(key: str, code: str, now: dt.datetime) -> int | None:
    """Return the time step to which a code of an app belongs, None if to no near one."""
    try:
        return pyotp.TOTP(key).verify_and_get_timecode(code, for_time=now, valid_window=STEPS)
    except OTPVerificationError:
        return None


def add_factor(request: HttpRequest, kind: Kind, name: str, data: dict[str, object]) -> list[str]:
    """Store a second factor, as one that this session has shown; return recovery codes if they are the first."""
    user = signed_in(request)
    with transaction.atomic():
        factor = SecondFactor.objects.create(user=user, kind=kind, name=name, data=data)
        has_codes = SecondFactor.objects.filter(user=user, kind=Kind.RECOVERY).exists()
        codes = [] if has_codes else renew_codes(user)
    # All other sessions of this person end, because they have not shown it.
    request.session[SHOWN] = factor.pk
    return codes


def remove_factor(request: HttpRequest, factor: SecondFactor) -> None:
    """Remove one of somebody's own; with the last one the recovery codes go as well."""
    with transaction.atomic():
        factor.delete()
        left = SecondFactor.objects.filter(user=signed_in(request))
        if not left.exclude(kind=Kind.RECOVERY).exists():
            left.delete()
        other = left.first()
    if other:
        request.session[SHOWN] = other.pk
    else:
        request.session.pop(SHOWN, None)


def renew_codes(user: User) -> list[str]:
    """Give somebody new recovery codes, and return them; the earlier ones are void."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(CODES)]
    SecondFactor.objects.update_or_create(
        user=user, kind=Kind.RECOVERY, defaults={"data": {"hashes": [hash_code(one) for one in codes]}}
    )
    return ["-".join(one[at : at + GROUP] for at in range(0, LETTERS, GROUP)) for one in codes]


def hash_code(code: str) -> str:
    """Return what is stored of a recovery code, however it was typed."""
    return hashlib.sha256(code.translate(LOOK_ALIKE).encode()).hexdigest()
